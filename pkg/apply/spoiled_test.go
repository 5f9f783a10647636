package apply

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// What decides something is not guessed where somebody has spoiled it. Whoever takes everything away needs to know none of it.
func TestRecordSpoiled(t *testing.T) {
	for key, text := range map[string]string{"unfinished.json": "{{{", "previous.json": `{"version":7}`} {
		a := apitest.New()
		a.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Data: map[string]string{"cluster.yaml": "the spec", key: text}})
		target := clusterFor(t, apitest.Served(t, a))
		for _, options := range []Options{{}, {Remove: true}} {
			_, err := target.Run(t.Context(), plan.Plan{Operation: "stop", Cluster: apitest.Ref}, options, unheard())
			var told *engine.NextError
			if !errors.As(err, &told) || !strings.Contains(err.Error(), key+" in ConfigMap/demo-gpk cannot be read") ||
				!strings.Contains(told.Next.String(), "kubectl edit configmap -n analytics demo-gpk") {
				t.Errorf("%s as %q, options %+v: error %v", key, text, options, err)
			}
		}
		if record, _ := target.store.Record(t.Context()); record.Spec != "the spec" || record.Unfinished != nil || record.Previous != nil {
			t.Errorf("%s as %q: %+v", key, text, record)
		}
		_, err := target.Run(t.Context(), plan.Delete(apitest.Ref, true), Options{Remove: true, Amid: true}, unheard())
		if err != nil || a.Get("configmaps", "demo-gpk") != nil {
			t.Errorf("%s as %q: delete --delete-data: %v", key, text, err)
		}
	}
}
