package apitest

import (
	"encoding/json"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/plan"
)

// merged is a merge patch, or a crude server-side apply: fields that are given replace the object's, lists as a whole.
// Fields that the same manager applied before and gives no more are removed.
func (a *API) merged(r *http.Request, at string, old plan.Object, body []byte) ([]byte, error) {
	given, err := fields(body)
	if err != nil {
		return nil, err
	}
	owner := r.URL.Query().Get("fieldManager") + " " + at
	before := a.applied[owner]
	isApply := r.Header.Get("Content-Type") == string(types.ApplyPatchType)
	if isApply && r.URL.Query().Get("dryRun") == "" {
		a.applied[owner] = given
	}
	switch {
	case old == nil && isApply:
		return body, nil
	case old == nil:
		return nil, apierrors.NewNotFound(schema.GroupResource{}, at)
	}
	text, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	have, err := fields(text)
	if err != nil {
		return nil, err
	}
	if isApply {
		prune(have, before, given)
	}
	delete(given, "status")
	merge(have, given)
	return json.Marshal(have)
}

func fields(text []byte) (map[string]any, error) {
	var found map[string]any
	err := json.Unmarshal(text, &found)
	return found, err
}

// prune removes the fields that were given before and are no more.
func prune(have, before, given map[string]any) {
	for name, value := range before {
		was, nested := value.(map[string]any)
		is, both := given[name].(map[string]any)
		within, there := have[name].(map[string]any)
		switch {
		case given[name] == nil:
			delete(have, name)
		case nested && both && there:
			prune(within, was, is)
		}
	}
}

func merge(into, from map[string]any) {
	for name, value := range from {
		fields, nested := value.(map[string]any)
		have, both := into[name].(map[string]any)
		switch {
		case nested && both:
			merge(have, fields)
		case value != nil:
			into[name] = value
		}
	}
}
