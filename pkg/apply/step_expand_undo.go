package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// unsetHandler takes back what gpexpand has made before it changed the catalogue.
type unsetHandler struct {
	target *Target
	action plan.Unset
}

func (h *unsetHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, h.look)
}

func (h *unsetHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	if rows := catalogued(acting.Catalogue, h.action.New); len(rows) > 0 {
		return Finding{State: Blocked, Details: []string{fmt.Sprintf("the catalogue has the new segments, the first of them on %s: "+
			"there is no way back that loses nothing", rows[0].Pod())}, Next: "gpk expand --resume"}, nil
	}
	pods, err := h.target.newPods(ctx, h.action.New)
	if err != nil {
		return Finding{}, err
	}
	facts, err := h.target.expansionFacts(ctx, append([]podDirs{{pod: acting.Pod}}, pods...))
	if err != nil {
		return Finding{}, err
	}
	if facts[acting.Pod].Runs {
		if name, _, err := h.target.runningGpexpand(ctx, acting); err != nil || name != rollbackJob {
			return Finding{State: Blocked, Details: []string{"gpexpand is running in pod " + acting.Pod},
				Next: "gpk expand --resume waits for its end"}, err
		}
	}
	var left []string
	if setup := facts[acting.Pod].Setup; setup != segments.NoSetup {
		left = append(left, "gpexpand has come to "+setup)
	}
	for _, pod := range pods {
		for _, dir := range pod.dirs {
			if facts[pod.pod].Instances[dir].New {
				left = append(left, dir+" in pod "+pod.pod+" was being made")
			}
		}
	}
	return pendingIf(left), nil
}

func (h *unsetHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	return h.target.unset(ctx, acting, h.action.New, progress)
}

// newPods are the pods of new instances, with their directories, that run.
func (t *Target) newPods(ctx context.Context, instances []topology.Instance) ([]podDirs, error) {
	there, err := t.Pods(ctx)
	return slices.DeleteFunc(byPod(instances), func(p podDirs) bool {
		return !slices.ContainsFunc(there, byNameRunning(p.pod))
	}), err
}

// unset has gpexpand take back its work, if it has noted any, and then removes what is left of it in the pods that run. Where
// gpexpand cannot (it wants every new host to answer), its notes are removed as well: the catalogue has not been changed.
func (t *Target) unset(ctx context.Context, acting Acting, instances []topology.Instance, progress func(string)) error {
	coordinator := []podDirs{{pod: acting.Pod}}
	facts, err := t.expansionFacts(ctx, coordinator)
	if err != nil {
		return err
	}
	if facts[acting.Pod].Setup != segments.NoSetup {
		progress("gpexpand takes back what it did not finish")
		err := t.gpexpand(ctx, acting, rollbackJob, segments.ExpandRollback(acting.Catalogue.NewRows(instances)), progress)
		var exit *UtilityError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		if facts, err = t.expansionFacts(ctx, coordinator); err != nil {
			return err
		}
	}
	if facts[acting.Pod].Setup != segments.NoSetup {
		progress("gpexpand could not: its notes are removed")
		var pods []podDirs
		for _, pod := range coordinators(acting) {
			pods = append(pods, podDirs{pod: pod})
		}
		if err := t.expand(ctx, "forget", pods); err != nil {
			return err
		}
	}
	pods, err := t.newPods(ctx, instances)
	if err != nil {
		return err
	}
	return t.expand(ctx, "clear", pods)
}

// absentHandler deletes objects of a kind by their names.
type absentHandler struct {
	target *Target
	action plan.Absent
}

func (h *absentHandler) Check(ctx context.Context) (Finding, error) {
	left, err := h.target.there(ctx, h.action.Kind, h.action.Names)
	return pendingIf(left), err
}

// there says which objects of a kind there are of the names. Pods are listed: no command of gpk needs to get one.
func (t *Target) there(ctx context.Context, kind string, names []string) ([]string, error) {
	found := make([]string, len(names))
	if kind == "Pod" {
		live, err := t.list(ctx, &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: kind}})
		for i, name := range names {
			if live[name] != nil {
				found[i] = "Pod/" + name + " is there"
			}
		}
		return nonEmpty(found), err
	}
	k, err := kindOf(kind)
	if err != nil {
		return nil, err
	}
	err = each(ctx, names, func(ctx context.Context, i int, name string) error {
		err := k.group(t.client).Get().Namespace(t.Ref.Namespace).Resource(k.resource.Resource).Name(name).Do(ctx).Error()
		switch {
		case err == nil:
			found[i] = kind + "/" + name + " is there"
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("%s/%s: %w", kind, name, err)
		}
		return nil
	})
	return nonEmpty(found), err
}

// gonePatience is longer than pods get to stop their instances.
const gonePatience = 5 * time.Minute

func (h *absentHandler) Do(ctx context.Context, progress func(string)) error {
	k, err := kindOf(h.action.Kind)
	if err != nil {
		return err
	}
	err = each(ctx, h.action.Names, func(ctx context.Context, _ int, name string) error {
		err := k.group(h.target.client).Delete().Namespace(h.target.Ref.Namespace).Resource(k.resource.Resource).Name(name).Do(ctx).Error()
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s/%s: %w", h.action.Kind, name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return until(ctx, gonePatience, progress, func() ([]string, error) {
		return h.target.there(ctx, h.action.Kind, h.action.Names)
	}, "after "+gonePatience.String()+": %s")
}
