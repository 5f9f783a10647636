package kube

import (
	"context"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// Difference says in words what applying an object would change: "" for nothing.
func (k *Client) Difference(ctx context.Context, object plan.Object, owner string) (string, error) {
	found, missing, err := k.Differences(ctx, object, owner)
	switch {
	case err != nil:
		return "", err
	case missing:
		return ObjectName(object) + " is missing", nil
	case len(found) == 0:
		return "", nil
	}
	var fields []string
	for _, difference := range found {
		fields = append(fields, difference.Field)
	}
	return ObjectName(object) + " differs: " + strings.Join(fields, ", "), nil
}

// Differences are the fields that applying an object would change, and whether the object is missing altogether. The values of a Secret
// are never shown.
func (k *Client) Differences(ctx context.Context, object plan.Object, owner string) (found []plan.Difference, missing bool, err error) {
	live, wanted, err := liveAndWanted(ctx, k, object, owner)
	if err != nil || live == nil {
		return nil, err == nil, err
	}
	clearServerFields(live)
	clearServerFields(wanted)
	found = plan.Differences(live, wanted)
	if _, secret := object.(*corev1.Secret); secret {
		for i := range found {
			found[i].From, found[i].To = "(not shown)", "(not shown)"
		}
	}
	return found, false, nil
}

// liveAndWanted are an object as it is, nil if it is missing, and as applying it would make it. Both are of the same version: a write of
// a controller in between would look like a difference. Another owner's object is an error.
func liveAndWanted(ctx context.Context, k *Client, object plan.Object, owner string) (live, wanted plan.Object, err error) {
	const attempts = 5
	for range attempts {
		if live, err = k.Live(ctx, object); err != nil || live == nil {
			return nil, nil, err
		}
		if err := Refuse(k.Foreign(kindOf(object), live)); err != nil {
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

// clearServerFields clears what the server and its controllers write, which may change at any time.
func clearServerFields(object plan.Object) {
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	object.SetGeneration(0)
	if status := reflect.ValueOf(object).Elem().FieldByName("Status"); status.IsValid() {
		status.SetZero()
	}
}
