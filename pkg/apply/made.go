package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Made is a cluster that gpk has made, or begun to: what is kept of it, and the cluster.yaml that it was made from.
type Made struct {
	Ref     plan.Ref
	Record  record.Record
	Cluster *topology.Cluster
}

// Made reads what is kept of the cluster. Volumes alone are an error.
func (t *Target) Made(ctx context.Context) (Made, error) {
	kept, err := t.store.Record(ctx)
	if err != nil {
		return Made{}, err
	}
	c, err := t.recorded(kept)
	if err == nil && c == nil {
		err = hint(fmt.Errorf("only volumes are left of %s in namespace %s", t.Ref.Name, t.Ref.Namespace),
			plan.Gpk("create", "-f", "cluster.yaml"), " finds their data again")
	}
	return Made{t.Ref, kept, c}, err
}

// MadeFrom is the cluster.yaml that the cluster was made from, nil if gpk has no record of it.
func (t *Target) MadeFrom(ctx context.Context) (*topology.Cluster, error) {
	kept, err := t.store.Record(ctx)
	if err != nil {
		return nil, err
	}
	return t.recorded(kept)
}

// recorded is the cluster.yaml that a cluster was made from, nil if gpk has no record of it.
func (t *Target) recorded(kept record.Record) (*topology.Cluster, error) {
	if kept.Spec == "" {
		return nil, nil
	}
	c, err := topology.Recorded([]byte(kept.Spec), t.Ref.Namespace)
	if err != nil {
		return nil, hint(fmt.Errorf("ConfigMap/%s-gpk keeps the cluster.yaml that %[1]s was made from, and it cannot be read:\n%w",
			t.Ref.Name, err),
			fmt.Sprintf("put the file back with `kubectl edit configmap -n %s %s-gpk`", t.Ref.Namespace, t.Ref.Name))
	}
	return c, nil
}

// unchanged refuses a plan that was made from another record than the one that is kept once the lock is held.
func (m Made) unchanged(_ context.Context, now record.Record) error {
	if now.Spec != m.Record.Spec {
		return hint(errors.New("another gpk has just changed the cluster; nothing was changed"), "run the same command again")
	}
	return nil
}

// unfinished is the operation that has begun and not ended, if it is of this name.
func (m Made) unfinished(operation string) *record.Unfinished {
	if u := m.Record.Unfinished; u != nil && u.Operation == operation {
		return u
	}
	return nil
}

// clusterOf reads a cluster.yaml that gpk has kept.
func (m Made) clusterOf(text string) (*topology.Cluster, error) {
	return topology.Recorded([]byte(text), m.Ref.Namespace)
}

// Largest is the cluster with the pods that it has or may get: those of an unfinished expansion as well.
func (m Made) Largest() (*topology.Cluster, error) {
	if u := m.unfinished(plan.ExpandOperation); u != nil {
		return m.clusterOf(u.To)
	}
	return m.Cluster, nil
}

// copied is a cluster that can be changed without changing c.
func copied(c *topology.Cluster) (*topology.Cluster, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	return topology.Recorded(text, c.Metadata.Namespace)
}

// textOf is the cluster.yaml of a cluster, with its defaults.
func textOf(c *topology.Cluster) (string, error) {
	text, err := yaml.Marshal(c)
	return string(text), err
}

// between is what is kept of an operation that leads from one cluster to another.
func between(operation string, from, to *topology.Cluster) (*record.Unfinished, error) {
	before, err := textOf(from)
	if err != nil {
		return nil, err
	}
	after, err := textOf(to)
	return &record.Unfinished{Operation: operation, Since: time.Now().UTC(), From: before, To: after}, err
}

// same says whether two clusters differ in nothing.
func same(a, b *topology.Cluster) bool { return len(plan.Differences(a, b)) == 0 }

// UsageError is a request that gpk cannot carry out on this cluster. Nothing was changed.
type UsageError struct{ error }

// Unwrap gives the cause.
func (e UsageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// hint is an error with what a person can type next.
func hint(err error, next ...any) error {
	return &engine.NextError{Err: err, Next: engine.Next(next...)}
}
