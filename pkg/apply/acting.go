package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// errSilent means that no coordinator answers SQL. The cause is in the text.
var errSilent = errors.New("no coordinator answers")

// Acting is the acting coordinator: the pod whose instance answers SQL as one, and the catalogue that it has.
type Acting struct {
	Pod       string
	Catalogue segments.Catalogue
}

// Acting finds the acting coordinator by asking every coordinator pod that runs. errSilent if none answers. Two that answer
// are an error that nothing may work around. Who asks while somebody else does so gets the same answer.
func (t *Target) Acting(ctx context.Context) (Acting, error) {
	found, err, _ := t.asking.Do("acting", func() (any, error) { return t.findActing(ctx) })
	if err != nil {
		return Acting{}, err
	}
	return found.(Acting), nil
}

// lookAt is the Check of a step for which the acting coordinator must answer: until it does, nothing is known.
func (t *Target) lookAt(ctx context.Context, look func(context.Context, Acting) (Finding, error)) (Finding, error) {
	acting, err := t.Acting(ctx)
	if errors.Is(err, errSilent) {
		return Finding{State: Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	return look(ctx, acting)
}

func (t *Target) findActing(ctx context.Context) (Acting, error) {
	candidates, err := t.coordinatorPods(ctx)
	if err != nil {
		return Acting{}, err
	}
	answers := make([]Acting, len(candidates))
	silence := make([]error, len(candidates))
	err = each(ctx, candidates, func(ctx context.Context, i int, pod string) error {
		catalogue, err := t.catalogueOf(ctx, pod)
		var exit *ExecError
		if errors.As(err, &exit) {
			silence[i] = err
			return nil
		}
		if err == nil {
			answers[i] = Acting{pod, catalogue}
		}
		return err
	})
	if err != nil {
		return Acting{}, err
	}
	var found []Acting
	for _, answer := range answers {
		if answer.Pod != "" {
			found = append(found, answer)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(candidates) == 0 {
			return Acting{}, fmt.Errorf("%w: none of their pods runs", errSilent)
		}
		return Acting{}, fmt.Errorf("%w: %w", errSilent, errors.Join(silence...))
	}
	return Acting{}, fmt.Errorf("two coordinators answer, in pods %s and %s: stop the one that is not to be", found[0].Pod, found[1].Pod)
}

func (t *Target) coordinatorPods(ctx context.Context) ([]string, error) {
	options := t.listOptions()
	options.LabelSelector += ",app.kubernetes.io/component=" + string(topology.CoordinatorComponent)
	list, err := t.client.CoreV1().Pods(t.Ref.Namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	var names []string
	for i := range list.Items {
		if running(&list.Items[i]) {
			names = append(names, list.Items[i].Name)
		}
	}
	return names, nil
}

func (t *Target) catalogueOf(ctx context.Context, pod string) (segments.Catalogue, error) {
	out, err := t.run(ctx, pod, segments.Psql("postgres", "", segments.CatalogueSQL))
	if err != nil {
		return nil, err
	}
	return segments.ParseCatalogue(out)
}

// sql runs SQL on the acting coordinator and returns what it printed, without the last newline.
func (t *Target) sql(ctx context.Context, acting Acting, database, sql string) (string, error) {
	out, err := t.run(ctx, acting.Pod, segments.Psql(database, "", sql))
	return strings.TrimSpace(out), err
}
