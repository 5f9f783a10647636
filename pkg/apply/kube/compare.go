package kube

import (
	"context"
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// Differences says which fields applying an object would change, and whether it is missing altogether. Nobody is told the
// values of a Secret.
func (k *Client) Differences(ctx context.Context, object plan.Object, owner string) (found []plan.Difference, missing bool, err error) {
	live, wanted, err := k.compare(ctx, object, owner)
	if err != nil || live == nil {
		return nil, err == nil, err
	}
	withoutServersOwn(live)
	withoutServersOwn(wanted)
	found = plan.Differences(live, wanted)
	if _, secret := object.(*corev1.Secret); secret {
		for i := range found {
			found[i].From, found[i].To = "(not shown)", "(not shown)"
		}
	}
	return found, false, nil
}

// compare gives an object as it is, nil if it is not, and as applying it would make it, both of one moment: a controller that
// writes between the two looks would seem to be a difference. One of somebody else's is an error.
func (k *Client) compare(ctx context.Context, object plan.Object, owner string) (live, wanted plan.Object, err error) {
	const attempts = 5
	for range attempts {
		if live, err = k.Live(ctx, object); err != nil || live == nil {
			return nil, nil, err
		}
		if err := Refuse(k.Foreign(kindName(object), live)); err != nil {
			return nil, nil, err
		}
		if wanted, err = k.Apply(ctx, object, owner, true); err != nil {
			return nil, nil, err
		}
		if wanted.GetResourceVersion() == live.GetResourceVersion() {
			break
		}
	}
	return live, wanted, nil
}

// withoutServersOwn takes away what the server and its controllers keep for themselves, and may change between two looks.
func withoutServersOwn(object plan.Object) {
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	object.SetGeneration(0)
	if status := reflect.ValueOf(object).Elem().FieldByName("Status"); status.IsValid() {
		status.SetZero()
	}
}
