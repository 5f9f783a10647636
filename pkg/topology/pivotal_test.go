package topology_test

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/topology"
)

const pivotal = `apiVersion: "greenplum.pivotal.io/v1"
kind: "GreenplumCluster"
metadata:
  name: my-greenplum
  namespace: analytics
spec:
  masterAndStandby:
    hostBasedAuthentication: |
      # clients
      host all gpadmin 0.0.0.0/0 trust
      host all all 10.0.0.0/8 md5
    memory: "800Mi"
    cpu: "0.5"
    storageClassName: standard
    storage: 1G
    standby: "yes"
    antiAffinity: "yes"
    workerSelector: {worker: master}
  segments:
    primarySegmentCount: 3
    memory: "2Gi"
    storageClassName: fast
    storage: 5Gi
    mirrors: "no"
    antiAffinity: "no"
  pxf: {serviceName: my-pxf}
  gpcc: {}
status: {phase: Running}
`

// What the other operator's file says is in the cluster.yaml, and what has no place there is named.
func TestFromPivotal(t *testing.T) {
	file, left, err := topology.FromPivotal([]byte(pivotal), "registry.example/greenplum:6.27.1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := topology.Load(file, "other")
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	coordinator, segments := c.Spec.Coordinator, c.Spec.Segments
	if c.Metadata.Name != "my-greenplum" || c.Metadata.Namespace != "analytics" || c.Spec.Version != "6.27.1" || !*coordinator.Standby ||
		coordinator.AntiAffinity != topology.AntiAffinityRequired || coordinator.NodeSelector["worker"] != "master" ||
		coordinator.Resources.Limits.Cpu().String() != "500m" || coordinator.Resources.Requests.Memory().String() != "800Mi" ||
		*coordinator.Storage.ClassName != "standard" || coordinator.Storage.Size.String() != "1G" {
		t.Errorf("the coordinator is %+v", coordinator)
	}
	if segments.Count != 3 || *segments.Mirrors || segments.AntiAffinity != topology.AntiAffinityNone || !segments.Resources.Limits.Cpu().IsZero() ||
		segments.Resources.Limits.Memory().String() != "2Gi" {
		t.Errorf("the segments are %+v", segments)
	}
	if !slices.Equal(c.Spec.Database.HBA, []string{"host all all 10.0.0.0/8 md5"}) {
		t.Errorf("the clients are %q", c.Spec.Database.HBA)
	}
	told := strings.Join(left, "\n")
	for _, word := range []string{`"host all gpadmin 0.0.0.0/0 trust": `, "the field spec.pxf", "the field spec.gpcc", "the field status", "the data"} {
		if !strings.Contains(told, word) || !strings.Contains(string(file), word) {
			t.Errorf("%q is not in %q, or not in the file", word, told)
		}
	}
}

// Without an image the file asks for one; another file is refused; nothing of it makes gpk stumble.
func TestFromPivotalOdd(t *testing.T) {
	file, left, err := topology.FromPivotal([]byte(pivotal), "")
	if err != nil || !strings.Contains(strings.Join(left, "\n"), "spec.image and spec.version") || !strings.HasPrefix(string(file), "# Not carried over:\n") {
		t.Errorf("%q, error %v", left, err)
	}
	if _, err := topology.Load(file, ""); err == nil || !strings.Contains(err.Error(), "spec.image") {
		t.Errorf("a file without an image is loaded: %v", err)
	}
	for _, odd := range []string{"", "a: [", "kind: Pod\napiVersion: v1\n", strings.Replace(pivotal, "800Mi", "much", 1), "- 1\n", "apiVersion: greenplum.pivotal.io/v1\nkind: GreenplumPXFService\n"} {
		if file, _, err := topology.FromPivotal([]byte(odd), ""); err == nil {
			t.Errorf("%q: %s", odd, file)
		}
	}
	sly := strings.Replace(pivotal, "  gpcc: {}", "  \"a\\nkind: x\": {}", 1)
	if file, _, err := topology.FromPivotal([]byte(sly), "x/y:7.1.0"); err != nil || strings.Contains(string(file), "\nkind: x") {
		t.Errorf("a field breaks out of its comment: %v\n%s", err, file)
	}
	for i := range pivotal {
		_, _, _ = topology.FromPivotal([]byte(pivotal[:i]), "x")
	}
}
