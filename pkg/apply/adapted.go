package apply

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// adapted is the plan as this API server can carry it out. One that does not know matchLabelKeys in anti-affinity drops the
// field without a word, or refuses the object for it, by its version: a dry run of one StatefulSet tells. What else is wrong
// with that StatefulSet is for the step admissible to say.
func (t *Target) adapted(ctx context.Context, p plan.Plan) (plan.Plan, error) {
	set := p.PairRule()
	if set == nil {
		return p, nil
	}
	answer, err := t.kube.Apply(ctx, set, kube.Manager, true)
	switch {
	case ctx.Err() != nil:
		return p, context.Cause(ctx)
	case err != nil && !strings.Contains(err.Error(), "matchLabelKeys"):
		return p, nil
	case err == nil && plan.PairRuleIn(answer.(*appsv1.StatefulSet)):
		return p, nil
	}
	return p.RoleWide(), nil
}
