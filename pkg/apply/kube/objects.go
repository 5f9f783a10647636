package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
)

// Manager owns the fields that gpk applies.
const Manager = "gpk"

// kind says where the API server keeps the objects of a kind.
type kind struct {
	Resource schema.GroupVersionResource
	Group    func(kubernetes.Interface) rest.Interface
}

func core(c kubernetes.Interface) rest.Interface { return c.CoreV1().RESTClient() }

func apps(c kubernetes.Interface) rest.Interface { return c.AppsV1().RESTClient() }

func networking(c kubernetes.Interface) rest.Interface { return c.NetworkingV1().RESTClient() }

func policy(c kubernetes.Interface) rest.Interface { return c.PolicyV1().RESTClient() }

// KindOf knows every kind of object that gpk makes or removes.
func KindOf(name string) (kind, error) {
	known := map[string]kind{
		"ConfigMap":             {corev1.SchemeGroupVersion.WithResource("configmaps"), core},
		"PersistentVolumeClaim": {corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"), core},
		"NetworkPolicy":         {networkingv1.SchemeGroupVersion.WithResource("networkpolicies"), networking},
		"PodDisruptionBudget":   {policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"), policy},
		"Pod":                   {corev1.SchemeGroupVersion.WithResource("pods"), core},
		"Secret":                {corev1.SchemeGroupVersion.WithResource("secrets"), core},
		"Service":               {corev1.SchemeGroupVersion.WithResource("services"), core},
		"ServiceAccount":        {corev1.SchemeGroupVersion.WithResource("serviceaccounts"), core},
		"StatefulSet":           {appsv1.SchemeGroupVersion.WithResource("statefulsets"), apps},
	}
	found, ok := known[name]
	if !ok {
		return kind{}, fmt.Errorf("gpk knows no objects of the kind %q", name)
	}
	return found, nil
}

// kindName is the kind of an object that gpk has made. What the server has answered may not say it.
func kindName(object plan.Object) string { return object.GetObjectKind().GroupVersionKind().Kind }

// ObjectName is how people are told of an object, as kubectl would.
func ObjectName(object plan.Object) string { return kindName(object) + "/" + object.GetName() }

// Apply makes one object be as given, on the server's side. With dryRun the server answers what would be and keeps
// nothing. Fields that another manager has set otherwise are taken over: the file is what the user wants.
func (k *Client) Apply(ctx context.Context, object plan.Object, owner string, dryRun bool) (plan.Object, error) {
	known, err := KindOf(object.GetObjectKind().GroupVersionKind().Kind)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	// A server-side apply is refused for a field that the server's own schema does not have, whatever the validation. All that this
	// one would add is to read the object a second time, for a warning of what is refused anyway.
	options := metav1.PatchOptions{FieldManager: owner, Force: new(true), FieldValidation: metav1.FieldValidationIgnore}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	result := emptyLike(object)
	err = known.Group(k.API).Patch(types.ApplyPatchType).Namespace(k.Ref.Namespace).Resource(known.Resource.Resource).Name(object.GetName()).
		VersionedParams(&options, metav1.ParameterCodec).Body(body).Do(ctx).Into(result)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	return result, nil
}

// Live is the object as the server has it now, nil if it has none.
func (k *Client) Live(ctx context.Context, object plan.Object) (plan.Object, error) {
	known, err := KindOf(object.GetObjectKind().GroupVersionKind().Kind)
	if err != nil {
		return nil, err
	}
	found := emptyLike(object)
	err = known.Group(k.API).Get().Namespace(k.Ref.Namespace).Resource(known.Resource.Resource).Name(object.GetName()).Do(ctx).Into(found)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	return found, nil
}

// Difference says what applying an object would do: "" for nothing.
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

func emptyLike(object plan.Object) plan.Object {
	return reflect.New(reflect.TypeOf(object).Elem()).Interface().(plan.Object)
}
