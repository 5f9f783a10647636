package kube

import (
	"context"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Live is the object on the server, nil if it is missing.
func (k *Client) Live(ctx context.Context, object plan.Object) (plan.Object, error) {
	request, err := requestFor(k, http.MethodGet, kindOf(object))
	if err != nil {
		return nil, err
	}
	found := emptyLike(object)
	err = request.Name(object.GetName()).Do(ctx).Into(found)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(object), err)
	}
	return found, nil
}

// Few is how many objects of a kind gpk reads one by one. For more of them it lists all that the cluster has of the kind.
const Few = 8

// LiveAll are the objects on the server, nil for each missing one.
func (k *Client) LiveAll(ctx context.Context, objects []plan.Object) ([]plan.Object, error) {
	ofKind := map[string][]int{}
	for i, object := range objects {
		ofKind[kindOf(object)] = append(ofKind[kindOf(object)], i)
	}
	found := make([]plan.Object, len(objects))
	var single []int
	for _, indices := range ofKind {
		if len(indices) <= Few {
			single = append(single, indices...)
			continue
		}
		byName, err := listLike(ctx, k, objects[indices[0]])
		if err != nil {
			return nil, err
		}
		for _, i := range indices {
			found[i] = byName[objects[i].GetName()]
		}
	}
	return found, engine.Each(ctx, single, func(ctx context.Context, _ int, i int) (err error) {
		found[i], err = k.Live(ctx, objects[i])
		return err
	})
}

// listLike lists all objects of the cluster that have the kind of one of them, by name.
func listLike(ctx context.Context, k *Client, like plan.Object) (map[string]plan.Object, error) {
	gvk := like.GetObjectKind().GroupVersionKind()
	request, err := requestFor(k, http.MethodGet, gvk.Kind)
	if err != nil {
		return nil, err
	}
	list, err := scheme.Scheme.New(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err != nil {
		return nil, err
	}
	options := k.ListOptions()
	if err := request.VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Into(list); err != nil {
		return nil, fmt.Errorf("listing objects of the kind %s: %w", gvk.Kind, err)
	}
	items, err := apimeta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	byName := map[string]plan.Object{}
	for _, item := range items {
		if object, ok := item.(plan.Object); ok {
			byName[object.GetName()] = object
		}
	}
	return byName, nil
}

// ConfigMap is one that gpk keeps for the cluster, nil if it is missing. Errors name it by what.
func (k *Client) ConfigMap(ctx context.Context, name, what string) (*corev1.ConfigMap, error) {
	found, err := k.API.CoreV1().ConfigMaps(k.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the cluster's %s: %w", what, err)
	}
	return found, Refuse(k.Foreign("ConfigMap", found))
}
