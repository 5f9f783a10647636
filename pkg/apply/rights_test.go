package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"gpk/pkg/apply/rights"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// permitted is a command over fakes, which runs with the rights of its Role. What these fakes cannot do is in the tests on the bench.
type permitted struct {
	// fresh: there is no cluster before.
	fresh bool
	// stopped: the database does not run, and has no pods.
	stopped bool
	run     func(context.Context, *Target, *topology.Cluster) error
}

// carried runs a plan of the cluster as its command does.
func carried(of func(*topology.Cluster) (plan.Plan, error), options Options) func(context.Context, *Target, *topology.Cluster) error {
	return func(ctx context.Context, t *Target, c *topology.Cluster) error {
		names, err := t.Clusters(ctx)
		if err == nil && len(names) == 0 {
			err = errors.New("there is no cluster")
		}
		if err != nil {
			return err
		}
		p, err := of(c)
		if err == nil {
			_, err = t.Run(ctx, p, options, unheard())
		}
		return err
	}
}

func stopping(zero bool) func(*topology.Cluster) (plan.Plan, error) {
	return func(c *topology.Cluster) (plan.Plan, error) { return plan.Stop(c, "fast", zero) }
}

func deleting(data bool) func(*topology.Cluster) (plan.Plan, error) {
	return func(*topology.Cluster) (plan.Plan, error) { return plan.Delete(apitest.Ref, data), nil }
}

func permittedCommands() map[string]permitted {
	return map[string]permitted{
		"create": {fresh: true, run: func(ctx context.Context, t *Target, c *topology.Cluster) error {
			_, err := Create(ctx, t, c, CreateOptions{File: "cluster.yaml"}, unheard())
			return err
		}},
		"diff": {run: func(ctx context.Context, t *Target, c *topology.Cluster) error {
			p, err := plan.Create(c)
			if err == nil {
				_, err = t.Drift(ctx, p)
			}
			return err
		}},
		"status": {run: func(ctx context.Context, t *Target, _ *topology.Cluster) error {
			if _, err := t.Clusters(ctx); err != nil {
				return err
			}
			status, err := StatusOf(ctx, t)
			if err == nil && status.Coordinator == "" {
				err = errors.New(strings.Join(status.Faults, "; "))
			}
			return err
		}},
		"stop":                 {run: carried(stopping(false), Options{})},
		"stop --scale-to-zero": {run: carried(stopping(true), Options{})},
		"start":                {stopped: true, run: carried(plan.Start, Options{})},
		"recover":              {run: carried(func(c *topology.Cluster) (plan.Plan, error) { return plan.Recover(c, false, false, false) }, Options{})},
		"delete":               {run: carried(deleting(false), Options{Remove: true, Amid: true})},
		"delete --delete-data": {run: carried(deleting(true), Options{Remove: true, Amid: true})},
	}
}

// under is the command with these rules, over a world of its own. It returns the rights that it has needed.
func (p permitted) under(t *testing.T, rules []rbacv1.PolicyRule) ([]apitest.Right, error) {
	t.Helper()
	c, world := permittedCluster(t), newCreation(t)
	target := clusterFor(t, apitest.Served(t, world.api))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if !p.fresh {
		if _, err := Create(ctx, target, c, CreateOptions{File: "cluster.yaml"}, unheard()); err != nil {
			t.Fatal(err)
		}
	}
	if p.stopped {
		stop, err := stopping(false)(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := target.Run(ctx, stop, Options{}, unheard()); err != nil {
			t.Fatal(err)
		}
	}
	// Another gpk, which has no session yet.
	target = clusterFor(t, apitest.Served(t, world.api))
	account := world.api.As(rules)
	err := p.run(ctx, target, c)
	if ctx.Err() != nil {
		err = fmt.Errorf("it has not ended: %w", err)
	}
	return account.Used(), err
}

func permittedCluster(t *testing.T) *topology.Cluster {
	c := apitest.Cluster(t)
	c.APIVersion, c.Kind = topology.APIVersion, topology.Kind
	return c
}

// A command succeeds with the rights of its Role alone. Without any one of those that it uses it fails with the words of the API server, in
// which gpk finds the right that is missing; or the right is documented as one that most runs do without.
func TestCommandsWithTheirRights(t *testing.T) {
	for name, command := range permittedCommands() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules, err := rights.Rules(permittedCluster(t), []string{name}, rights.Options{})
			if err != nil {
				t.Fatal(err)
			}
			used, err := command.under(t, rules)
			if err != nil {
				t.Fatalf("with all rights of the Role: %v", err)
			}
			for _, right := range used {
				// An exec is tried by both of its verbs, and what is optional is not among the rules.
				if right.Resource == "pods/exec" && right.Verb == "create" || !granted(rules, right) {
					continue
				}
				_, err := command.under(t, without(rules, right))
				switch {
				case err == nil && !rights.IsRare(name, right.Verb, right.Resource):
					t.Errorf("without the right to %s %s it succeeds", right.Verb, right.Resource)
				case err != nil && !strings.Contains(err.Error(), fmt.Sprintf("cannot %s resource %q", right.Verb, strings.Split(right.Resource, ".")[0])) &&
					right.Resource != "pods/exec":
					t.Errorf("without the right to %s %s: %v", right.Verb, right.Resource, err)
				case err != nil && !strings.Contains(err.Error(), `resource "pods/exec"`) && right.Resource == "pods/exec":
					t.Errorf("without exec: %v", err)
				}
			}
		})
	}
}

func covers(rule rbacv1.PolicyRule, right apitest.Right) bool {
	return slices.Contains(rule.Verbs, right.Verb) && strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".") == right.Resource
}

func granted(rules []rbacv1.PolicyRule, right apitest.Right) bool {
	return slices.ContainsFunc(rules, func(rule rbacv1.PolicyRule) bool { return covers(rule, right) })
}

// without are rules that lack a right; without exec by either verb.
func without(rules []rbacv1.PolicyRule, right apitest.Right) []rbacv1.PolicyRule {
	var fewer []rbacv1.PolicyRule
	for _, rule := range rules {
		if covers(rule, right) {
			if right.Resource == "pods/exec" {
				continue
			}
			rule.Verbs = slices.DeleteFunc(slices.Clone(rule.Verbs), func(verb string) bool { return verb == right.Verb })
		}
		fewer = append(fewer, rule)
	}
	return fewer
}
