package apitest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"
)

// review answers what a user asks about the server itself, and about their own rights, if the test has told the API.
func (a *API) review(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == "/version" && a.Release != "" {
		_ = json.NewEncoder(w).Encode(version.Info{GitVersion: a.Release})
		return true
	}
	if a.Rights == nil || !strings.HasPrefix(r.URL.Path, "/apis/authorization.k8s.io/") {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	asked, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		Respond(w, nil, err)
		return true
	}
	switch asked := asked.(type) {
	case *authorizationv1.SelfSubjectRulesReview:
		for _, rule := range a.Rights {
			asked.Status.ResourceRules = append(asked.Status.ResourceRules, authorizationv1.ResourceRule{Verbs: rule.Verbs,
				APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames})
		}
	case *authorizationv1.SelfSubjectAccessReview:
		asked.Status.Allowed = a.allows(asked.Spec.ResourceAttributes)
	}
	Respond(w, asked, nil)
	return true
}

func (a *API) allows(r *authorizationv1.ResourceAttributes) bool {
	resource := strings.TrimSuffix(r.Resource+"/"+r.Subresource, "/")
	has := func(words []string, word string) bool {
		return slices.Contains(words, word) || slices.Contains(words, "*")
	}
	for _, rule := range a.Rights {
		if has(rule.Verbs, r.Verb) && has(rule.APIGroups, r.Group) && has(rule.Resources, resource) &&
			(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.Name)) {
			return true
		}
	}
	return false
}

// All are the rights to everything in the namespace.
func All() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}}
}
