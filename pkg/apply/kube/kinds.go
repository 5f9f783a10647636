package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
)

// resourceOf knows every kind of object that gpk makes or deletes.
func resourceOf(kind string) (schema.GroupVersionResource, error) {
	known := map[string]schema.GroupVersionResource{
		"ConfigMap":             corev1.SchemeGroupVersion.WithResource("configmaps"),
		"PersistentVolumeClaim": corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"),
		"NetworkPolicy":         networkingv1.SchemeGroupVersion.WithResource("networkpolicies"),
		"PodDisruptionBudget":   policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"),
		"Pod":                   corev1.SchemeGroupVersion.WithResource("pods"),
		"Secret":                corev1.SchemeGroupVersion.WithResource("secrets"),
		"Service":               corev1.SchemeGroupVersion.WithResource("services"),
		"ServiceAccount":        corev1.SchemeGroupVersion.WithResource("serviceaccounts"),
		"StatefulSet":           appsv1.SchemeGroupVersion.WithResource("statefulsets"),
	}
	found, ok := known[kind]
	if !ok {
		return found, fmt.Errorf("gpk knows no objects of the kind %q", kind)
	}
	return found, nil
}

// requestFor begins a request for typed objects of a kind, by protobuf, which client-go's dynamic client does not have.
func requestFor(k *Client, verb, kind string) (*rest.Request, error) {
	resource, err := resourceOf(kind)
	if err != nil {
		return nil, err
	}
	clients := map[string]rest.Interface{
		corev1.GroupName:       k.API.CoreV1().RESTClient(),
		appsv1.GroupName:       k.API.AppsV1().RESTClient(),
		networkingv1.GroupName: k.API.NetworkingV1().RESTClient(),
		policyv1.GroupName:     k.API.PolicyV1().RESTClient(),
	}
	return clients[resource.Group].Verb(verb).Namespace(k.Ref.Namespace).Resource(resource.Resource), nil
}

// kindOf is the kind of an object that gpk has made. Answers of the server may lack it.
func kindOf(object plan.Object) string { return object.GetObjectKind().GroupVersionKind().Kind }

// ObjectName names an object in messages, as kubectl does.
func ObjectName(object plan.Object) string { return nameOf(kindOf(object), object) }

func nameOf(kind string, object metav1.Object) string { return kind + "/" + object.GetName() }
