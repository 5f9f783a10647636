package apitest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Right is a verb on a resource, with its group behind a dot.
type Right struct{ Verb, Resource string }

// Account is who asks the API: an account with the rules of a Role.
type Account struct {
	api   *API
	rules []rbacv1.PolicyRule
	mutex sync.Mutex
	used  map[Right]bool
}

// As has every request be one of an account with these rules, and no other right.
func (a *API) As(rules []rbacv1.PolicyRule) *Account {
	account := &Account{api: a, rules: rules, used: map[Right]bool{}}
	a.FailWith(account.refuse)
	return account
}

// Used are the rights that requests have needed so far, allowed or not, in order.
func (a *Account) Used() []Right {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var used []Right
	for right := range a.used {
		used = append(used, right)
	}
	slices.SortFunc(used, func(x, y Right) int { return strings.Compare(x.Resource+x.Verb, y.Resource+y.Verb) })
	return used
}

// refuse answers a request that the rules do not allow as RBAC does.
func (a *Account) refuse(r *http.Request) error {
	right, name := RightFor(r)
	if right.Resource == "" {
		return nil
	}
	if err := a.check(right, name); err != nil {
		return err
	}
	resource, _, _ := strings.Cut(right.Resource, ".")
	if right.Verb == "patch" && a.api.Get(resource, name) == nil {
		// Server-side apply makes what is missing.
		return a.check(Right{"create", right.Resource}, name)
	}
	return nil
}

func (a *Account) check(right Right, name string) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.used[right] = true
	resource, group, _ := strings.Cut(right.Resource, ".")
	for _, rule := range a.rules {
		if slices.Contains(rule.Verbs, right.Verb) && slices.Contains(rule.APIGroups, group) && slices.Contains(rule.Resources, resource) &&
			(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, name)) {
			return nil
		}
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: group, Resource: strings.Split(resource, "/")[0]}, name,
		fmt.Errorf(`user "somebody" cannot %s resource %q in API group %q in the namespace %q`, right.Verb, resource, group, Ref.Namespace))
}

// RightFor is what a request needs, and the object that it names. Requests outside the namespace need nothing here: the API refuses them.
func RightFor(r *http.Request) (right Right, name string) {
	head, path, found := strings.Cut(r.URL.Path, "/namespaces/")
	parts := strings.Split(path, "/")
	if !found || len(parts) < 2 {
		return Right{}, ""
	}
	right.Resource = parts[1]
	if len(parts) > 2 {
		name = parts[2]
	}
	if len(parts) > 3 {
		right.Resource += "/" + parts[3]
	}
	if group, grouped := strings.CutPrefix(head, "/apis/"); grouped {
		right.Resource += "." + strings.Split(group, "/")[0]
	}
	right.Verb = map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch",
		http.MethodDelete: "delete"}[r.Method]
	if right.Verb == "get" && name == "" {
		right.Verb = "list"
		if r.URL.Query().Get("watch") != "" {
			right.Verb = "watch"
		}
		name = strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
	}
	return right, name
}
