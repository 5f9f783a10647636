package apply

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Failover makes the standby the coordinator. acceptLoss names the standby's pod if it may act although it may lack transactions.
func Failover(ctx context.Context, t *Target, m Made, force, fenced bool, acceptLoss string) (Operation, plan.Takeover, error) {
	takeover, begun, err := takeover(ctx, t, m, force)
	if err != nil {
		return Operation{}, takeover, err
	}
	if acceptLoss != "" && acceptLoss != takeover.To {
		return Operation{}, takeover, usage("--accept-data-loss %s: the standby that would take over is in pod %s", acceptLoss, takeover.To)
	}
	p := plan.Failover(m.Cluster, takeover, plan.FailoverOptions{AcceptLoss: acceptLoss != "", Fenced: fenced, Force: force})
	return Operation{made: m, plan: p, run: Options{Amid: true, Begun: begun}}, takeover, nil
}

// takeover is the unfinished one, or else the one from whoever is, or was, the coordinator. An unfinished one that was taken back, as far
// as the decision which pod acts, is not resumed.
func takeover(ctx context.Context, t *Target, m Made, force bool) (plan.Takeover, *record.Unfinished, error) {
	if u := m.unfinished(plan.FailoverOperation); u != nil {
		toAct, err := t.old.MustAct(ctx)
		if err != nil {
			return plan.Takeover{}, nil, err
		}
		if toAct == u.To || force {
			takeover, err := plan.TakeoverTo(m.Cluster, u.To)
			return takeover, u, err
		}
	}
	var both []topology.Instance
	for _, instance := range topology.New(m.Cluster).Instances {
		if instance.Content == topology.CoordinatorContent {
			both = append(both, instance)
		}
	}
	from, to, healthy, err := t.old.Takeover(ctx, both)
	if err != nil {
		return plan.Takeover{}, nil, err
	}
	if healthy && !force {
		return plan.Takeover{}, nil, hint(fmt.Errorf("the coordinator in pod %s answers: nothing was changed", from),
			plan.Gpk("failover", "--force"), " switches to pod "+to+" anyway")
	}
	begun := &record.Unfinished{Operation: plan.FailoverOperation, Since: time.Now().UTC(), Resume: plan.Gpk("failover").String(),
		Undo: plan.Gpk("failover", "--rollback").String(), To: to}
	return plan.Takeover{From: from, To: to}, begun, nil
}

// FailBack makes the coordinator act again that an unfinished failover has stopped. acts is the pod that acts afterwards, and undoes says
// whether there is such a failover. acceptLoss names the coordinator's pod if the standby cannot be asked.
func FailBack(ctx context.Context, t *Target, m Made, acceptLoss string) (o Operation, acts string, undoes bool, err error) {
	u := m.unfinished(plan.FailoverOperation)
	var begun bool
	var toAct string
	if u != nil {
		toAct = u.To
	} else if begun, toAct, err = t.old.Begun(ctx); err != nil {
		return Operation{}, "", false, err
	} else if !begun {
		nothing := plan.Plan{Operation: plan.FailoverOperation, Cluster: m.Ref}
		return Operation{made: m, plan: nothing, run: Options{Amid: true}}, toAct, false, nil
	}
	takeover, err := plan.TakeoverTo(m.Cluster, toAct)
	if err != nil {
		return Operation{}, "", false, err
	}
	if acceptLoss != "" && acceptLoss != takeover.From {
		return Operation{}, "", false, usage("--accept-data-loss %s: the coordinator that would act again is in pod %s", acceptLoss,
			takeover.From)
	}
	p := plan.FailoverBack(m.Cluster, takeover, acceptLoss != "")
	return Operation{made: m, plan: p, run: Options{Amid: true, Begun: u}}, takeover.From, true, nil
}

// Switch makes the mirror of a content its primary.
func Switch(m Made, content int32) (Operation, error) {
	if content >= 0 && content < m.Cluster.Spec.Segments.Count && !m.Cluster.HasMirrors() {
		return Operation{}, hint(fmt.Errorf("content %d has no mirror: %s was made without mirrors; nothing was changed", content, m.Ref.Name),
			"restart the segment's pod if it does not answer; spec.segments.mirrors gives the next cluster mirrors")
	}
	return Operation{made: m, plan: plan.Switch(m.Cluster, content)}, nil
}
