package apply

import (
	"context"
	"errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Delete takes the cluster away, and with data its volumes too. Without data it is refused while another operation is unfinished: its
// volumes would fit no cluster.yaml, and the record that says how to go on would be gone.
func Delete(ctx context.Context, t *Target, data bool, tell Observers) (Outcome, error) {
	if !data {
		if err := keepable(ctx, t); err != nil {
			return Outcome{}, err
		}
	}
	return t.Run(ctx, plan.Delete(t.Ref, data), Options{Remove: true, Amid: data}, tell)
}

func keepable(ctx context.Context, t *Target) error {
	kept, err := t.store.Record(ctx)
	if err != nil || kept.Unfinished == nil {
		return err
	}
	err = kept.Unfinished.Refusal(t.Ref.Name)
	if told, ok := errors.AsType[*engine.NextError](err); ok {
		told.Next = engine.Next(told.Next, ", since its volumes are between two states; ", plan.Gpk("delete", "--delete-data"),
			" deletes it as it is, with all data")
	}
	return err
}
