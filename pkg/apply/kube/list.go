package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Existing says which objects of a kind there are of the names. Pods are listed: no command of gpk needs to get one.
func (k *Client) Existing(ctx context.Context, kind string, names []string) ([]string, error) {
	found := make([]string, len(names))
	if kind == "Pod" {
		live, err := k.list(ctx, &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: kind}})
		for i, name := range names {
			if live[name] != nil {
				found[i] = "Pod/" + name + " is there"
			}
		}
		return engine.NonEmpty(found), err
	}
	known, err := KindOf(kind)
	if err != nil {
		return nil, err
	}
	err = engine.Each(ctx, names, func(ctx context.Context, i int, name string) error {
		err := known.Group(k.API).Get().Namespace(k.Ref.Namespace).Resource(known.Resource.Resource).Name(name).Do(ctx).Error()
		switch {
		case err == nil:
			found[i] = kind + "/" + name + " is there"
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("%s/%s: %w", kind, name, err)
		}
		return nil
	})
	return engine.NonEmpty(found), err
}

// AskedSingly is how many objects of a kind are asked for one by one: a list would be of all that the cluster has of the kind.
const AskedSingly = 8

// LiveAll is each object as the server has it now, nil for what it does not have.
func (k *Client) LiveAll(ctx context.Context, objects []plan.Object) ([]plan.Object, error) {
	of := map[string][]int{}
	for i, object := range objects {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		of[kind] = append(of[kind], i)
	}
	found := make([]plan.Object, len(objects))
	var single []int
	for _, indices := range of {
		if len(indices) <= AskedSingly {
			single = append(single, indices...)
			continue
		}
		byName, err := k.list(ctx, objects[indices[0]])
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

// list is all objects of the cluster that are of the kind of one of them, by name.
func (k *Client) list(ctx context.Context, like plan.Object) (map[string]plan.Object, error) {
	gvk := like.GetObjectKind().GroupVersionKind()
	known, err := KindOf(gvk.Kind)
	if err != nil {
		return nil, err
	}
	list, err := scheme.Scheme.New(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err != nil {
		return nil, err
	}
	options := k.ListOptions()
	err = known.Group(k.API).Get().Namespace(k.Ref.Namespace).Resource(known.Resource.Resource).
		VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Into(list)
	if err != nil {
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
