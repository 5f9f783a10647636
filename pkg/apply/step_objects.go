package apply

import (
	"context"
	"fmt"
	"slices"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/plan"
)

// applyHandler makes objects be as given, by server-side apply. In a large cluster they are thousands, so what is there is
// listed by kind and not asked for one by one, and what the server has answered to Do is not asked again.
type applyHandler struct {
	target *Target
	action plan.Apply
	// answers are what the server made of each object in Do, by index.
	answers []plan.Object
}

func (h *applyHandler) Check(ctx context.Context) (Finding, error) {
	live, err := h.target.liveAll(ctx, h.action.Objects)
	if err != nil {
		return Finding{}, err
	}
	if found := h.target.foreignAmong(h.action.Objects, live); len(found) > 0 {
		return foreignFinding(found...), nil
	}
	differences, refused := make([]string, len(h.action.Objects)), make([]string, len(h.action.Objects))
	err = each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		switch {
		case live[i] == nil:
			differences[i] = objectName(object) + " is missing"
		case otherClaims(live[i], object):
			// The server would refuse to compare the two: nobody can change it, and a step of its own takes the old one away.
			differences[i] = objectName(object) + " makes claims of another size"
		case h.answers != nil && h.answers[i] != nil && h.answers[i].GetUID() == live[i].GetUID() &&
			h.answers[i].GetResourceVersion() == live[i].GetResourceVersion():
		default:
			differences[i], err = h.target.difference(ctx, object, manager)
		}
		if refused[i] = refusal(object, err); refused[i] != "" {
			return nil
		}
		return err
	})
	if err != nil {
		return Finding{}, err
	}
	if found := nonEmpty(refused); len(found) > 0 {
		return Finding{State: Blocked, Details: found, Next: refusedNext}, nil
	}
	return pendingIf(nonEmpty(differences)), nil
}

func (h *applyHandler) Do(ctx context.Context, _ func(string)) error {
	h.answers = make([]plan.Object, len(h.action.Objects))
	return each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		h.answers[i], err = h.target.apply(ctx, object, manager, false)
		return err
	})
}

// compared says of each object which fields applying it would change.
func (h *applyHandler) compared(ctx context.Context) ([]Drift, error) {
	found := make([][]Drift, len(h.action.Objects))
	err := each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) error {
		name := objectName(object)
		differences, missing, err := h.target.differences(ctx, object, manager)
		if drift, foreign := ForeignDrift(err); foreign {
			drift.Object = name
			found[i] = []Drift{drift}
			return nil
		}
		refused := refusal(object, err)
		switch {
		case missing:
			found[i] = []Drift{{Object: name, Found: name + " is missing"}}
		case refused != "":
			found[i], err = []Drift{{Object: name, Found: refused, Next: refusedNext}}, nil
		}
		for _, difference := range differences {
			found[i] = append(found[i], Drift{Object: name, Difference: difference})
		}
		return err
	})
	return slices.Concat(found...), err
}

// refusedNext is what to type where the API server takes no object like it.
const refusedNext = "it was left as it is: mend cluster.yaml, or whatever forbids it in the cluster, and run this again"

// askedSingly is how many objects of a kind are asked for one by one: a list would be of all that the cluster has of the kind.
const askedSingly = 8

// liveAll is each object as the server has it now, nil for what it does not have.
func (t *Target) liveAll(ctx context.Context, objects []plan.Object) ([]plan.Object, error) {
	of := map[string][]int{}
	for i, object := range objects {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		of[kind] = append(of[kind], i)
	}
	found := make([]plan.Object, len(objects))
	var single []int
	for _, indices := range of {
		if len(indices) <= askedSingly {
			single = append(single, indices...)
			continue
		}
		byName, err := t.list(ctx, objects[indices[0]])
		if err != nil {
			return nil, err
		}
		for _, i := range indices {
			found[i] = byName[objects[i].GetName()]
		}
	}
	return found, each(ctx, single, func(ctx context.Context, _ int, i int) (err error) {
		found[i], err = t.live(ctx, objects[i])
		return err
	})
}

// list is all objects of the cluster that are of the kind of one of them, by name.
func (t *Target) list(ctx context.Context, like plan.Object) (map[string]plan.Object, error) {
	gvk := like.GetObjectKind().GroupVersionKind()
	k, err := kindOf(gvk.Kind)
	if err != nil {
		return nil, err
	}
	list, err := scheme.Scheme.New(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err != nil {
		return nil, err
	}
	options := t.listOptions()
	err = k.group(t.client).Get().Namespace(t.Ref.Namespace).Resource(k.resource.Resource).
		VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Into(list)
	if err != nil {
		return nil, fmt.Errorf("listing objects of the kind %s: %w", gvk.Kind, err)
	}
	items, err := apimeta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	byName := map[string]plan.Object{}
	for _, item := range items {
		if object, ok := item.(plan.Object); ok {
			byName[object.GetName()] = object
		}
	}
	return byName, nil
}

// pendingIf is done without details, and pending with them.
func pendingIf(details []string) Finding {
	if len(details) == 0 {
		return Finding{State: Done}
	}
	return Finding{State: Pending, Details: details}
}
