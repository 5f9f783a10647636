package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/plan"
)

const (
	// Manager owns the fields that gpk applies.
	Manager = "gpk"
	// ActingManager owns the fields that follow the acting coordinator: the selector of the clients' Service, and the pods' state.
	ActingManager = "gpk-acting-coordinator"
)

// Apply applies one object on the server's side. With dryRun the server answers what the object would be, and keeps nothing. gpk takes
// over fields that another manager has set to other values: cluster.yaml is what the user wants.
func (k *Client) Apply(ctx context.Context, object plan.Object, owner string, dryRun bool) (plan.Object, error) {
	request, err := requestFor(k, http.MethodPatch, kindOf(object))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	// The server refuses to apply a field that its schema lacks, with any validation. Validation would only read the object a second time.
	options := metav1.PatchOptions{FieldManager: owner, Force: new(true), FieldValidation: metav1.FieldValidationIgnore}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	result := emptyLike(object)
	err = request.SetHeader("Content-Type", string(types.ApplyPatchType)).Name(object.GetName()).
		VersionedParams(&options, metav1.ParameterCodec).Body(body).Do(ctx).Into(result)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	return result, nil
}

func emptyLike(object plan.Object) plan.Object {
	return reflect.New(reflect.TypeOf(object).Elem()).Interface().(plan.Object)
}

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

// Differences are the fields that applying an object would change, and whether it is missing. The values of a Secret are never shown.
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
