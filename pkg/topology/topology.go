// Package topology owns cluster.yaml and what follows from it alone: strict loading with every fault at once, defaults, and which
// instance lives in which pod with which settings. It knows nothing of Kubernetes clients or of Greenplum's utilities.
package topology

import "fmt"

// Role is what an instance is: p or m, as gp_segment_configuration has it.
type Role string

// The two roles of an instance. The standby is content -1 in role m.
const (
	Primary Role = "p"
	Mirror  Role = "m"
)

// CoordinatorContent is the content of the coordinator and of its standby.
const CoordinatorContent int32 = -1

// Ports and directories of new instances. They are Greenplum's habits; what exists is read from the catalogue.
const (
	CoordinatorPort int32 = 5432
	primaryPort     int32 = 40000
	mirrorPort      int32 = 50000

	// VolumeMount is where each pod's volume is mounted.
	VolumeMount = "/greenplum"
	// CoordinatorDir is the data directory of the coordinator and of the standby.
	CoordinatorDir = VolumeMount + "/coordinator/gpseg-1"
)

// Component is one StatefulSet of the cluster; its value is the app.kubernetes.io/component label.
type Component string

// The three components, in the order in which they are listed everywhere.
const (
	CoordinatorComponent Component = "coordinator"
	PrimaryComponent     Component = "primary"
	MirrorComponent      Component = "mirror"
)

// Instance is one PostgreSQL instance of the topology: what will be a row of gp_segment_configuration.
type Instance struct {
	DBID    int32  `json:"dbid"`
	Content int32  `json:"content"`
	Role    Role   `json:"role"`
	Pod     string `json:"pod"`
	Host    string `json:"host"`
	Port    int32  `json:"port"`
	Dir     string `json:"dir"`
}

// Group is the pods of one component, which are one StatefulSet.
type Group struct {
	Component Component `json:"component"`
	Name      string    `json:"name"`
	Replicas  int32     `json:"replicas"`
}

// Pod is the name of the group's pod with an ordinal.
func (g Group) Pod(ordinal int32) string { return fmt.Sprintf("%s-%d", g.Name, ordinal) }

// Topology is where every instance of a new cluster will run. The order of its slices is fixed: the coordinator, the
// standby, the primaries by content, the mirrors by content.
type Topology struct {
	Groups    []Group    `json:"groups"`
	Instances []Instance `json:"instances"`
}

// groups are the components of a cluster: the coordinators, the primaries and, where there are any, the mirrors.
func groups(c *Cluster) []Group {
	perPod := max(c.Spec.Segments.PerPod, 1)
	pods := (c.Spec.Segments.Count + perPod - 1) / perPod
	found := []Group{
		{CoordinatorComponent, c.GroupName(CoordinatorComponent), 1},
		{PrimaryComponent, c.GroupName(PrimaryComponent), pods},
	}
	if c.HasStandby() {
		found[0].Replicas = 2
	}
	if c.HasMirrors() {
		found = append(found, Group{MirrorComponent, c.GroupName(MirrorComponent), pods})
	}
	return found
}

// New computes the topology of a cluster whose defaults are set. The coordinator has dbid 1, then come the primaries and the mirrors
// by content, as gpinitsystem expects, and the standby after them, since gpinitstandby takes the next free one.
func New(c *Cluster) Topology {
	count, perPod := c.Spec.Segments.Count, c.Spec.Segments.PerPod
	t := Topology{Groups: groups(c)}
	coordinators, primaries, mirrors := t.Groups[0], t.Groups[1], t.Groups[len(t.Groups)-1]
	add := func(dbid, content int32, role Role, pod string, port int32, dir string) {
		t.Instances = append(t.Instances, Instance{dbid, content, role, pod, c.Host(pod), port, dir})
	}
	add(1, CoordinatorContent, Primary, coordinators.Pod(0), CoordinatorPort, CoordinatorDir)
	if c.HasStandby() {
		last := 1 + count
		if c.HasMirrors() {
			last += count
		}
		add(last+1, CoordinatorContent, Mirror, coordinators.Pod(1), CoordinatorPort, CoordinatorDir)
	}
	for content := range count {
		add(2+content, content, Primary, primaries.Pod(content/perPod), primaryPort+content%perPod, segmentDir("primary", content))
	}
	if c.HasMirrors() {
		for content := range count {
			add(2+count+content, content, Mirror, mirrors.Pod(content/perPod), mirrorPort+content%perPod, segmentDir("mirror", content))
		}
	}
	return t
}

func segmentDir(role string, content int32) string {
	return fmt.Sprintf("%s/%s/gpseg%d", VolumeMount, role, content)
}

// Pods are the names of all pods, group by group.
func (t Topology) Pods() []string {
	var pods []string
	for _, group := range t.Groups {
		for ordinal := range group.Replicas {
			pods = append(pods, group.Pod(ordinal))
		}
	}
	return pods
}

// Coordinator is the instance that a new cluster's coordinator will be.
func (t Topology) Coordinator() Instance { return t.Instances[0] }

// Standby is the instance of a new cluster's standby, if cluster.yaml asks for one.
func (t Topology) Standby() (Instance, bool) {
	if len(t.Instances) > 1 && t.Instances[1].Content == CoordinatorContent {
		return t.Instances[1], true
	}
	return Instance{}, false
}

// Segments are the instances of a role without the coordinator and the standby, by content.
func (t Topology) Segments(role Role) []Instance {
	var found []Instance
	for _, instance := range t.Instances {
		if instance.Content >= 0 && instance.Role == role {
			found = append(found, instance)
		}
	}
	return found
}
