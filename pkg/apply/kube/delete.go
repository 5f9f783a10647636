package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/metadata"

	"gpk/pkg/apply/engine"
)

// All are the cluster's objects of a kind. They have their metadata only.
func (k *Client) All(ctx context.Context, kind string) ([]metav1.Object, error) {
	resource, err := namesOf(k, kind)
	if err != nil {
		return nil, err
	}
	list, err := resource.List(ctx, k.ListOptions())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	var all []metav1.Object
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all, nil
}

// Named are those of these names that exist of a kind, with their metadata only. gpk lists pods: it needs no right to get one.
func (k *Client) Named(ctx context.Context, kind string, names []string) ([]metav1.Object, error) {
	if kind == "Pod" {
		all, err := k.All(ctx, kind)
		return slices.DeleteFunc(all, func(o metav1.Object) bool { return !slices.Contains(names, o.GetName()) }), err
	}
	resource, err := namesOf(k, kind)
	if err != nil {
		return nil, err
	}
	found := make([]metav1.Object, len(names))
	err = engine.Each(ctx, names, func(ctx context.Context, i int, name string) error {
		object, err := resource.Get(ctx, name, metav1.GetOptions{})
		switch {
		case err == nil:
			found[i] = object
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("%s/%s: %w", kind, name, err)
		}
		return nil
	})
	return slices.DeleteFunc(found, func(o metav1.Object) bool { return o == nil }), err
}

// Exist says in words that objects of a kind exist.
func Exist(kind string, objects []metav1.Object) []string {
	var words []string
	for _, object := range objects {
		words = append(words, nameOf(kind, object)+" exists")
	}
	return words
}

// namesOf reaches the metadata of the objects of a kind.
func namesOf(k *Client, kind string) (metadata.ResourceInterface, error) {
	resource, err := resourceOf(kind)
	return k.metadata.Resource(resource).Namespace(k.Ref.Namespace), err
}

// Delete deletes one object of a kind. It leaves alone an object that has got the same name meanwhile, by the UID.
func (k *Client) Delete(ctx context.Context, kind string, object metav1.Object, options metav1.DeleteOptions) error {
	resource, err := namesOf(k, kind)
	if err != nil {
		return err
	}
	options.Preconditions = metav1.NewUIDPreconditions(string(object.GetUID()))
	err = resource.Delete(ctx, object.GetName(), options)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("%s: %w", nameOf(kind, object), err)
	}
	return nil
}

// Deletion is what DeleteAll deletes, and how.
type Deletion struct {
	Kind    string
	Options metav1.DeleteOptions
	// Left finds those that still exist.
	Left func(context.Context) ([]metav1.Object, error)
	// Waiting gets those that still exist, at least one, each time that gpk looks. Its error ends the wait.
	Waiting func(left []metav1.Object) error
	// Patience is how long gpk waits for the last of them, without a limit if it is 0.
	Patience time.Duration
}

// DeleteAll deletes objects and waits until none is left. It looks ten times a second at first and twice later: listing 3,000 pods is work.
func (k *Client) DeleteAll(ctx context.Context, d Deletion) error {
	var left []metav1.Object
	look := func(ctx context.Context) (gone bool, err error) {
		now, err := d.Left(ctx)
		if err != nil {
			return false, err
		}
		fresh := slices.DeleteFunc(slices.Clone(now), func(o metav1.Object) bool { return o.GetDeletionTimestamp() != nil })
		err = engine.Each(ctx, fresh, func(ctx context.Context, _ int, object metav1.Object) error {
			return k.Delete(ctx, d.Kind, object, d.Options)
		})
		if err == nil && len(fresh) > 0 {
			// Most objects are gone at once.
			now, err = d.Left(ctx)
		}
		if err != nil || len(now) == 0 {
			return err == nil, err
		}
		left = now
		return false, d.Waiting(left)
	}
	if gone, err := look(ctx); gone || err != nil {
		return err
	}
	if d.Patience > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, d.Patience, fmt.Errorf("gpk waited %s for its deletion", d.Patience))
		defer cancel()
		ctx = limited
	}
	often := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 1.2, Cap: 500 * time.Millisecond, Steps: 20}
	err := often.DelayFunc().Until(ctx, false, true, look)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%s still exists: %w", nameOf(d.Kind, left[0]), context.Cause(ctx))
	}
	return err
}
