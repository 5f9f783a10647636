package apply

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// sized is a cluster with volumes of a size, and pods that ask for memory.
func sized(t *testing.T, volume, memory string) *topology.Cluster {
	t.Helper()
	c := clusterFrom(t, "7.1.0", "x/greenplum")
	c.Spec.Segments.Storage.Size = new(resource.MustParse(volume))
	c.Spec.Segments.Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}
	return c
}

// What --dry-run shows is what the command does, at the beginning as amid a window in which the database is down.
func TestPreviewResize(t *testing.T) {
	const volumes, window = "admissible growable volumes grown templates scripts", "scripts pods stop replaced running network start ready synced service verify"
	small, larger, more := sized(t, "1Gi", "1Gi"), sized(t, "2Gi", "1Gi"), sized(t, "2Gi", "2Gi")
	begun := func(from, to *topology.Cluster) *record.Unfinished {
		var texts [2]string
		for i, c := range []*topology.Cluster{from, to} {
			text, err := yaml.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = string(text)
		}
		return &record.Unfinished{Operation: plan.ResizeOperation, From: texts[0], To: texts[1]}
	}
	tests := map[string]struct {
		is, to     *topology.Cluster
		unfinished *record.Unfinished
		skip       bool
		want       string
	}{
		"nothing":                  {small, small, nil, false, volumes + " sets"},
		"volumes":                  {small, larger, nil, false, volumes + " sets"},
		"resources":                {larger, more, nil, false, "whole capacity admissible settings " + window + " effective"},
		"resources anyhow":         {larger, more, nil, true, "whole admissible settings " + window + " effective"},
		"both":                     {small, more, nil, false, volumes + " whole capacity settings " + window + " effective"},
		"amid the volumes":         {small, larger, begun(small, larger), false, volumes + " sets"},
		"amid the volumes of both": {small, more, begun(small, larger), false, volumes + " whole capacity settings " + window + " effective"},
		"amid the window":          {larger, more, begun(larger, more), false, window + " settings effective"},
		"back amid the window":     {larger, larger, begun(larger, more), false, window + " settings effective"},
		"amid another resize":      {larger, sized(t, "2Gi", "3Gi"), begun(larger, more), false, ""},
		"amid an expansion":        {larger, more, &record.Unfinished{Operation: "expand"}, false, ""},
		"and with larger volumes":  {small, more, &record.Unfinished{Operation: "expand"}, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := Made{Ref: plan.Ref{Namespace: "analytics", Name: "demo"}, Cluster: test.is,
				Record: record.Record{Unfinished: test.unfinished}}
			o, err := Resize(m, test.to, "cluster.yaml", test.skip)
			if test.want == "" {
				if err == nil || !strings.Contains(err.Error(), "is unfinished") {
					t.Errorf("error %v", err)
				}
				return
			}
			var steps []string
			for _, step := range o.plan.Steps {
				steps = append(steps, step.ID)
			}
			if got := strings.Join(steps, " "); err != nil || got != test.want {
				t.Errorf("steps %s, error %v", got, err)
			}
		})
	}
}
