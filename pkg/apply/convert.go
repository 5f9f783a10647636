package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Convert gives a cluster that an earlier gpk made what this one relies on: hosts with their pods' names, and certificates by which pods
// know each other. What that gpk has begun only that gpk can finish: the catalogue has names of its own.
func Convert(ctx context.Context, t *Target, m Made) (Operation, error) {
	begun := m.unfinished(plan.ConvertOperation)
	if begun == nil {
		if err := t.leftByEarlier(ctx, m); err != nil {
			return Operation{}, err
		}
	}
	p, err := plan.Convert(m.Cluster, begun != nil)
	if begun == nil {
		begun = &record.Unfinished{Operation: plan.ConvertOperation, Since: time.Now().UTC(), Resume: plan.Gpk("convert").String()}
	}
	return Operation{made: m, plan: p, run: Options{Begun: begun, Window: plan.WindowStep}}, err
}

// leftByEarlier refuses to convert what an earlier gpk has begun and not finished.
func (t *Target) leftByEarlier(ctx context.Context, m Made) error {
	state, err := t.store.State(ctx)
	if err != nil {
		return err
	}
	if hosts := state[plan.StateHosts]; hosts != "" && !segments.FullName(hosts) {
		return nil
	}
	if state[plan.StateCoordinator] == "" {
		return hint(fmt.Errorf("the creation of %s is unfinished; nothing was changed", t.Ref.Name),
			"finish it with the gpk that began it, then ", plan.Gpk("convert"), "; or ", plan.Gpk("delete", "--delete-data"),
			", and create the cluster again")
	}
	if m.Record.Unfinished == nil {
		return nil
	}
	err = m.Record.Unfinished.Refusal(t.Ref.Name)
	if told, ok := errors.AsType[*engine.NextError](err); ok {
		told.Next = engine.Next("with the gpk that began it: ", told.Next, "; then run ", plan.Gpk("convert"))
	}
	return err
}

// refuseEarlier refuses to change a cluster that an earlier gpk made, and that is not converted: this gpk would write other names of hosts
// beside those that the database has. What stops, deletes and converts a cluster needs no names.
func (t *Target) refuseEarlier(ctx context.Context, operation string) error {
	switch operation {
	case plan.ConvertOperation, plan.StopOperation, plan.DeleteOperation:
		return nil
	}
	found, err := t.db.NamedByEarlier(ctx)
	if err != nil || found == "" {
		return err
	}
	return hint(fmt.Errorf("an earlier gpk made %s: %s; nothing was changed", t.Ref.Name, found),
		"convert the cluster in a maintenance window: ", plan.Gpk("convert"))
}
