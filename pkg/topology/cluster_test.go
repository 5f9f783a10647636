package topology_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"gpk/pkg/topology"
)

// The version is the tag, unless the reference has a tag or a digest; a registry's port is neither.
func TestImageRef(t *testing.T) {
	for image, want := range map[string]string{
		"greenplum":                        "greenplum:7.1.0",
		"registry.example/greenplum":       "registry.example/greenplum:7.1.0",
		"registry.example:5000/greenplum":  "registry.example:5000/greenplum:7.1.0",
		"registry.example:5000/a/b":        "registry.example:5000/a/b:7.1.0",
		"registry.example/greenplum:7":     "registry.example/greenplum:7",
		"greenplum:latest":                 "greenplum:latest",
		"registry.example:5000/g@sha256:0": "registry.example:5000/g@sha256:0",
	} {
		c := topology.Cluster{Spec: topology.Spec{Image: image, Version: "7.1.0"}}
		if got := c.ImageRef(); got != want {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	c, err := topology.Load(edited(t, "spec/network/clusterDomain: k8s.example", "spec/coordinator/priorityClassName: high"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"demo-coordinator", "demo-primary", "demo-mirror", "demo", "demo-coordinator",
		"demo-mirror-3", "demo-coordinator.sales.svc.k8s.example"}
	got := []string{c.GroupName(topology.CoordinatorComponent), c.GroupName(topology.PrimaryComponent), c.GroupName(topology.MirrorComponent),
		c.HostsService(), c.ClientService(), c.Host("demo-mirror-3"), c.ClientHost()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for component, class := range map[topology.Component]string{topology.CoordinatorComponent: "high", topology.PrimaryComponent: "", topology.MirrorComponent: ""} {
		if got := c.GroupPods(component).PriorityClassName; got != class {
			t.Errorf("%s: priority class %q, want %q", component, got, class)
		}
	}
}

// What is given stays, an explicit no and a quantity of 0 among it, and a second time changes nothing.
func TestDefault(t *testing.T) {
	no, none := false, resource.MustParse("0")
	var c topology.Cluster
	c.Spec.Coordinator.Standby, c.Spec.Segments.Mirrors, c.Spec.Network.SegmentsOpenToAllPods = &no, &no, true
	c.Spec.Segments.Storage.Size, c.Spec.Segments.PerPod, c.Spec.Database.Locale = &none, 7, "C"
	c.Default()
	if c.HasStandby() || c.HasMirrors() || c.HasNetworkPolicy() || !c.Spec.Segments.Storage.Size.IsZero() || c.Spec.Segments.PerPod != 7 ||
		c.Spec.Database.Locale != "C" {
		t.Errorf("what was given has changed: %+v", c.Spec)
	}
	if got := c.Spec.Coordinator.Storage.Size.String(); got != "10Gi" {
		t.Errorf("the coordinator's pods claim %s", got)
	}
	once, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Default()
	if twice, err := json.Marshal(c); err != nil || string(twice) != string(once) {
		t.Errorf("%s\nand then %s: %v", once, twice, err)
	}
}

// The group is the user's, unless the file gives one, and a namespace that assigns both gets none to keep.
func TestDefaultUser(t *testing.T) {
	for given, want := range map[string]string{
		"{}":                    `{"uid":1000,"gid":1000}`,
		"{uid: 1001}":           `{"uid":1001,"gid":1001}`,
		"{gid: 0}":              `{"uid":1000,"gid":0}`,
		"{uid: 1001, gid: 100}": `{"uid":1001,"gid":100}`,
		"{assigned: true}":      `{"assigned":true}`,
	} {
		c, err := topology.Load(edited(t, "spec/user: "+given), "")
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got, err := json.Marshal(c.Spec.User); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", given, got, err, want)
		}
	}
}

// Without Default a cluster says the same of itself.
func TestAbsentIsYes(t *testing.T) {
	var c topology.Cluster
	if !c.HasStandby() || !c.HasMirrors() || !c.HasNetworkPolicy() {
		t.Error("absent counts as no")
	}
}

func TestTopology(t *testing.T) {
	built := topology.New(shape(t, 3, 2, true, true))
	want := "demo-coordinator-0 demo-coordinator-1 demo-primary-0 demo-primary-1 demo-mirror-0 demo-mirror-1"
	if got := strings.Join(built.Pods(), " "); got != want {
		t.Errorf("pods %s, want %s", got, want)
	}
	if standby, found := built.Standby(); !found || standby.Pod != "demo-coordinator-1" || standby.DBID != 8 || standby.Role != topology.Mirror {
		t.Errorf("standby %+v, found %t", standby, found)
	}
	if c := built.Coordinator(); c.Pod != "demo-coordinator-0" || c.DBID != 1 || c.Content != topology.CoordinatorContent {
		t.Errorf("coordinator %+v", c)
	}
	for role, dbids := range map[topology.Role][]int32{topology.Primary: {2, 3, 4}, topology.Mirror: {5, 6, 7}} {
		var got []int32
		for content, i := range built.Segments(role) {
			got = append(got, i.DBID)
			if i.Content != int32(content) {
				t.Errorf("%s %d has content %d", role, content, i.Content)
			}
		}
		if diff := cmp.Diff(dbids, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
	}
	alone := topology.New(shape(t, 3, 2, false, false))
	if standby, found := alone.Standby(); found {
		t.Errorf("a standby that nobody wanted: %+v", standby)
	}
	if mirrors := alone.Segments(topology.Mirror); len(mirrors) > 0 {
		t.Errorf("mirrors that nobody wanted: %+v", mirrors)
	}
}

// Where TLS is required, a line for any connection is one for encrypted ones, and no other line changes.
func TestClientHBA(t *testing.T) {
	lines := []string{"host all all all md5", `"host" all host all md5`, "\thost\tall all all md5", "hostssl all all all md5", "local host all md5"}
	c := &topology.Cluster{}
	c.Spec.Database.HBA = lines
	if got := c.ClientHBA(); !slices.Equal(got, lines) {
		t.Errorf("without TLS %q", got)
	}
	c.Spec.TLS = &topology.TLS{SelfSigned: true, Required: true}
	want := []string{"hostssl all all all md5", `"hostssl" all host all md5`, "\thostssl\tall all all md5", "hostssl all all all md5", "local host all md5"}
	if got := c.ClientHBA(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !slices.Equal(c.Spec.Database.HBA, lines) {
		t.Error("the file's own lines changed")
	}
}
