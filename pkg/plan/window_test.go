package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

func ids(p plan.Plan) string {
	var all []string
	for _, step := range p.Steps {
		all = append(all, step.ID)
	}
	return strings.Join(all, " ")
}

const windowIDs = "scripts pods stop replaced running network start ready synced service verify"

// What can be done while the database runs comes before it is stopped, and is not done again once it may be down.
func TestUpgrade(t *testing.T) {
	c := load(t, "mirrored")
	for begun, want := range map[bool]string{false: "whole admissible image " + windowIDs + " release", true: windowIDs + " release"} {
		p, err := plan.Upgrade(c, begun)
		if got := ids(p); err != nil || got != want {
			t.Errorf("begun %v: %s, %v; want %s", begun, got, err, want)
		}
	}
	p, err := plan.Upgrade(c, false)
	if err != nil {
		t.Fatal(err)
	}
	pulled := p.Steps[2].Action.(plan.Pulled)
	if broken := restricted(&pulled.Pod.Spec); len(broken) > 0 {
		t.Errorf("the pod that brings the image is not restricted: %q", broken)
	}
	if got := pulled.Pod.Spec.Containers[0].Image; got != c.ImageRef() {
		t.Errorf("it brings %s", got)
	}
	for name, value := range plan.Labels(c.Metadata.Name) {
		if pulled.Pod.Labels[name] != value {
			return
		}
	}
	t.Error("what selects the cluster's pods selects the pod that brings the image")
}

// The pod that brings an image meets the policies on pods as the cluster's pods do, and nothing takes it for one of these.
func TestImagePod(t *testing.T) {
	c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	c.Spec.Version, c.Spec.Image, c.Spec.Segments.Count = "7.2.0", "x/greenplum", 1
	c.Spec.PodTemplate = &corev1.PodTemplateSpec{}
	c.Spec.PodTemplate.Labels = map[string]string{"team": "warehouse"}
	maps.Copy(c.Spec.PodTemplate.Labels, plan.Labels("demo"))
	c.Spec.PodTemplate.Labels[plan.ComponentLabel] = "primary"
	c.Spec.PodTemplate.Annotations = map[string]string{"sidecar.istio.io/inject": "false"}
	c.Default()
	p, err := plan.Upgrade(c, false)
	if err != nil {
		t.Fatal(err)
	}
	pod := p.Steps[2].Action.(plan.Pulled).Pod
	labels := plan.ImageLabels("demo")
	labels["team"] = "warehouse"
	if !maps.Equal(pod.Labels, labels) || !maps.Equal(pod.Annotations, c.Spec.PodTemplate.Annotations) {
		t.Errorf("labels %v, annotations %v", pod.Labels, pod.Annotations)
	}
	if security := pod.Spec.Containers[0].SecurityContext; security.SeccompProfile == nil || security.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the container has the security context %+v", security)
	}
}

func TestResize(t *testing.T) {
	from, to := load(t, "mirrored"), load(t, "mirrored")
	to.Spec.Segments.Resources.Limits = corev1.ResourceList{"memory": resource.MustParse("9Gi")}
	to.Spec.Segments.Resources.Requests = corev1.ResourceList{"memory": resource.MustParse("9Gi")}
	for begun, want := range map[bool]string{
		false: "whole capacity admissible settings " + windowIDs + " effective",
		true:  windowIDs + " settings effective",
	} {
		p, first, err := plan.Resize(from, to, begun)
		if got := ids(p); err != nil || got != want {
			t.Errorf("begun %v: %s, %v; want %s", begun, got, err, want)
		}
		if wanted := map[bool]string{false: "settings", true: "pods"}[begun]; first != wanted {
			t.Errorf("begun %v: the window begins with %s", begun, first)
		}
	}
	p, first, err := plan.Resize(from, from, false)
	if got := ids(p); err != nil || got != "whole capacity admissible "+windowIDs || first != "pods" {
		t.Errorf("without other settings: %s from %s on, %v", got, first, err)
	}
}

// A setting that is derived from another one changes with it, and one that nobody gives any more goes out of the files.
func TestConfig(t *testing.T) {
	from, to := load(t, "mirrored"), load(t, "mirrored")
	from.Spec.Database.Config = map[string]topology.Setting{"work_mem": "64MB"}
	to.Spec.Database.Config = map[string]topology.Setting{"max_connections": "77"}
	given := []segments.Setting{{Name: "max_connections", Value: "77"}, {Name: "work_mem", Value: plan.SettingDefault}}
	p := plan.Config(from, to, given, false)
	if got := ids(p); got != "valid settings" {
		t.Errorf("steps %s", got)
	}
	if valid := p.Steps[0].Action.(plan.Valid); valid.Settings[1].Value != "" {
		t.Errorf("the server is asked for the value %q", valid.Settings[1].Value)
	}
	written := p.Steps[1].Action.(plan.Written)
	values := map[string]string{}
	for _, s := range written.Settings {
		values[s.Name] = s.Coordinator + " " + s.Segment
	}
	if values["max_connections"] != "77 231" || values["max_prepared_transactions"] != "77 77" || values["statement_mem"] != "" {
		t.Errorf("written %v", values)
	}
	if strings.Join(written.Removed, " ") != "work_mem" {
		t.Errorf("removed %q", written.Removed)
	}
	if got := ids(plan.Config(from, to, given, true)); got != "valid settings restart synced" {
		t.Errorf("steps %s", got)
	}
}

// What bounds statement_mem is given before it, and both together: what gpconfig writes stands behind all else, and a server reads
// its file from the top. It is asked about each with the bound that there will be.
func TestConfigOfBounds(t *testing.T) {
	from, to := load(t, "mirrored"), load(t, "mirrored")
	from.Spec.Database.Config = map[string]topology.Setting{"statement_mem": "4GB", "max_statement_mem": "6GB"}
	to.Spec.Database.Config = map[string]topology.Setting{"statement_mem": "4GB", "Max_Statement_Mem": "8GB"}
	p := plan.Config(from, to, []segments.Setting{{Name: "max_statement_mem", Value: "8GB"}}, false)
	want := []segments.RoleSetting{{Name: "max_statement_mem", Coordinator: "8GB", Segment: "8GB"}, {Name: "statement_mem", Coordinator: "4GB", Segment: "4GB"}}
	if written := p.Steps[1].Action.(plan.Written); !slices.Equal(written.Settings, want) {
		t.Errorf("written %v", written.Settings)
	}
	if beside := p.Steps[0].Action.(plan.Valid).Beside; !slices.Equal(beside, []segments.Setting{{Name: "max_statement_mem", Value: "8GB"}}) {
		t.Errorf("asked beside %v", beside)
	}

	// Where gpinitsystem can't give the one, it gives neither.
	to.Spec.Database.Config["Max_Statement_Mem"] = "8 GB"
	for _, step := range create(t, to).Steps {
		if rest, ok := step.Action.(plan.Configure); ok && !strings.Contains(fmt.Sprint(rest.Settings), "{max_statement_mem 8 GB 8 GB} {statement_mem 4GB 4GB}") {
			t.Errorf("after gpinitsystem: %v", rest.Settings)
		}
	}
}
