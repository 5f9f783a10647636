package apitest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"gpk/pkg/plan"
)

// items are the objects of a resource that a selector finds, by name.
func (a *API) items(resource, selector string) ([]plan.Object, error) {
	matches, err := labels.Parse(selector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	var items []plan.Object
	for _, at := range slices.Sorted(maps.Keys(a.Objects)) {
		if object := a.Objects[at]; strings.HasPrefix(at, resource+"/") && matches.Matches(labels.Set(object.GetLabels())) {
			items = append(items, object)
		}
	}
	return items, nil
}

// list is the answer to a list.
func list(a *API, resource, selector string) (runtime.Object, error) {
	items, err := a.items(resource, selector)
	if err != nil {
		return nil, err
	}
	kind := Kinds()[resource]
	list := &metav1.List{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(a.version)}}
	list.APIVersion, list.Kind = kind.GroupVersion().String(), kind.Kind+"List"
	for _, item := range items {
		list.Items = append(list.Items, runtime.RawExtension{Object: item})
	}
	return list, nil
}

// asMetadata is what a client is answered that asks for metadata only.
func asMetadata(r *http.Request, object runtime.Object) runtime.Object {
	list, ok := object.(*metav1.List)
	if !ok || !strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList") {
		return object
	}
	only := &metav1.PartialObjectMetadataList{ListMeta: list.ListMeta}
	only.APIVersion, only.Kind = "meta.k8s.io/v1", "PartialObjectMetadataList"
	for _, item := range list.Items {
		o := item.Object.(plan.Object)
		only.Items = append(only.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: o.GetName(), Namespace: o.GetNamespace(),
			UID: o.GetUID(), Labels: o.GetLabels(), ResourceVersion: o.GetResourceVersion(), DeletionTimestamp: o.GetDeletionTimestamp()}})
	}
	return only
}
