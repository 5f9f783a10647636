package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/plan"
)

const (
	// Manager owns the fields that gpk applies.
	Manager = "gpk"
	// ActingManager owns the fields that follow the acting coordinator and not cluster.yaml: the selector of the clients' Service, and
	// the state that the pods read.
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
