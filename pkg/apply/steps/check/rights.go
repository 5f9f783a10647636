package check

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/rights"
	"gpk/pkg/plan"
)

// allowedHandler blocks a command whose rights the user lacks. It compares them with the rules that the API server lists for the user, and
// asks about each right that is not among these.
type allowedHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.Allowed
}

func (h *allowedHandler) Check(ctx context.Context) (engine.Finding, error) {
	wanted, err := rights.Rules(h.action.Cluster, []string{h.action.Command}, rights.Options{})
	if err != nil {
		return engine.Finding{}, err
	}
	listed, err := h.kube.Rights().Rules(ctx)
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return unchecked("your rights", err.Error()), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	missing, rare := make([]string, len(wanted)), make([]string, len(wanted))
	err = engine.Each(ctx, wanted, func(ctx context.Context, i int, rule rbacv1.PolicyRule) (err error) {
		missing[i], rare[i], err = h.lacking(ctx, listed, rule)
		return err
	})
	if err != nil {
		return engine.Finding{}, err
	}
	if found := engine.NonEmpty(missing); len(found) > 0 {
		return engine.Finding{State: engine.Blocked, Details: found, Next: engine.Next("ask for these rights: ",
			plan.Gpk("rbac", "-f", "cluster.yaml", "--for", h.action.Command), " prints a Role with them")}, nil
	}
	return engine.Finding{State: engine.Done, Details: engine.NonEmpty(rare)}, nil
}

// mostAsked is of how many objects gpk asks for each verb. A cluster may have thousands, and their rights differ rarely.
const mostAsked = 3

// lacking says in words which of the rights of a rule the user lacks: those that the command always needs, and those that it needs rarely.
func (h *allowedHandler) lacking(ctx context.Context, listed []authorizationv1.ResourceRule, rule rbacv1.PolicyRule) (missing, rare string,
	err error) {
	var always, seldom, objects []string
	for _, verb := range rule.Verbs {
		unlisted := unlisted(listed, rule, verb)
		denied := false
		for _, request := range unlisted[:min(len(unlisted), mostAsked)] {
			may, err := h.kube.Rights().May(ctx, request)
			if err != nil {
				return "", "", err
			}
			denied = denied || !may
		}
		switch {
		case !denied:
		case rights.OnlyInCases(h.action.Command, verb, resourceOf(rule)):
			seldom = append(seldom, verb)
		default:
			always = append(always, verb)
			objects = namesOf(unlisted)
		}
	}
	if len(always) > 0 {
		missing = fmt.Sprintf("you may not %s %s%s in the namespace %s", strings.Join(always, ", "), resourceOf(rule), named(objects),
			h.kube.Ref.Namespace)
	}
	if len(seldom) > 0 {
		rare = fmt.Sprintf("you may not %s %s in the namespace %s; %s needs that only in rare cases (docs/rights.md)",
			strings.Join(seldom, ", "), resourceOf(rule), h.kube.Ref.Namespace, h.action.Command)
	}
	return missing, rare, nil
}

// unlisted are the requests with a verb that no listed rule allows.
func unlisted(listed []authorizationv1.ResourceRule, rule rbacv1.PolicyRule, verb string) []kube.Request {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var requests []kube.Request
	for _, name := range names {
		request := kube.Request{Verb: verb, Group: rule.APIGroups[0], Resource: rule.Resources[0], Name: name}
		if !kube.Grants(listed, request) {
			requests = append(requests, request)
		}
	}
	return requests
}

// resourceOf is the resource of a rule with its group behind a dot, as in messages of the API server.
func resourceOf(rule rbacv1.PolicyRule) string {
	return strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".")
}

func namesOf(requests []kube.Request) []string {
	var names []string
	for _, request := range requests {
		names = append(names, request.Name)
	}
	return engine.NonEmpty(names)
}

// named are the objects of a right on one line.
func named(objects []string) string {
	switch more := len(objects) - mostAsked; {
	case len(objects) == 0:
		return ""
	case more > 0:
		return fmt.Sprintf(" %s and %d more", strings.Join(objects[:mostAsked], ", "), more)
	}
	return " " + strings.Join(objects, ", ")
}
