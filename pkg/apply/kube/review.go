package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Request is what a user may be allowed in the namespace: a verb on a resource, which has its subresource behind a slash. Without a name it
// is about all objects.
type Request struct{ Verb, Group, Resource, Name string }

// Rights asks the API server what its user may do in the namespace.
type Rights struct{ client *Client }

// Rights are those of the user.
func (k *Client) Rights() Rights { return Rights{k} }

// Rules are the rights that the API server lists for the user in the namespace. They need not be all: some ways to give rights answer only
// May.
func (r Rights) Rules(ctx context.Context) ([]authorizationv1.ResourceRule, error) {
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: r.client.Ref.Namespace}}
	answer, err := r.client.API.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("the user's rights: %w", err)
	}
	return answer.Status.ResourceRules, nil
}

// May asks the API server whether the user may do something. The answer is that of the request itself.
func (r Rights) May(ctx context.Context, asked Request) (bool, error) {
	resource, sub, _ := strings.Cut(asked.Resource, "/")
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: r.client.Ref.Namespace, Verb: asked.Verb, Group: asked.Group,
			Resource: resource, Subresource: sub, Name: asked.Name}}}
	answer, err := r.client.API.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("the right to %s %s: %w", asked.Verb, asked.Resource, err)
	}
	return answer.Status.Allowed, nil
}

// Grants says whether one of the rules allows a request.
func Grants(rules []authorizationv1.ResourceRule, r Request) bool {
	_, sub, hasSub := strings.Cut(r.Resource, "/")
	return slices.ContainsFunc(rules, func(rule authorizationv1.ResourceRule) bool {
		return has(rule.Verbs, r.Verb) && has(rule.APIGroups, r.Group) &&
			(has(rule.Resources, r.Resource) || hasSub && slices.Contains(rule.Resources, "*/"+sub)) &&
			(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.Name))
	})
}

func has(words []string, word string) bool {
	return slices.Contains(words, word) || slices.Contains(words, "*")
}
