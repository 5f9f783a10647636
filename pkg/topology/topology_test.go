package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

// shape is a cluster with defaults of so many segments, and whatever else is given.
func shape(t testing.TB, count, perPod int, mirrors, standby bool) *topology.Cluster {
	t.Helper()
	c, err := topology.Load(fmt.Appendf(nil, `
apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: demo, namespace: sales}
spec:
  version: 7.1.0
  image: registry.example/greenplum
  coordinator: {standby: %t}
  segments: {count: %d, perPod: %d, mirrors: %t}
`, standby, count, perPod, mirrors), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name             string
		count, perPod    int
		mirrors, standby bool
		groups           string
		instances        []string
	}{
		{"one, alone", 1, 1, false, false, "coordinator 1, primary 1", []string{
			"1 -1 p demo-coordinator-0 5432 /greenplum/coordinator/gpseg-1",
			"2 0 p demo-primary-0 40000 /greenplum/primary/gpseg0",
		}},
		{"one with everything", 1, 1, true, true, "coordinator 2, primary 1, mirror 1", []string{
			"1 -1 p demo-coordinator-0 5432 /greenplum/coordinator/gpseg-1",
			"4 -1 m demo-coordinator-1 5432 /greenplum/coordinator/gpseg-1",
			"2 0 p demo-primary-0 40000 /greenplum/primary/gpseg0",
			"3 0 m demo-mirror-0 50000 /greenplum/mirror/gpseg0",
		}},
		{"three, two in a pod", 3, 2, true, false, "coordinator 1, primary 2, mirror 2", []string{
			"1 -1 p demo-coordinator-0 5432 /greenplum/coordinator/gpseg-1",
			"2 0 p demo-primary-0 40000 /greenplum/primary/gpseg0",
			"3 1 p demo-primary-0 40001 /greenplum/primary/gpseg1",
			"4 2 p demo-primary-1 40000 /greenplum/primary/gpseg2",
			"5 0 m demo-mirror-0 50000 /greenplum/mirror/gpseg0",
			"6 1 m demo-mirror-0 50001 /greenplum/mirror/gpseg1",
			"7 2 m demo-mirror-1 50000 /greenplum/mirror/gpseg2",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := shape(t, test.count, test.perPod, test.mirrors, test.standby)
			built := topology.New(c)
			var groups, instances []string
			for _, g := range built.Groups {
				groups = append(groups, fmt.Sprint(g.Component, " ", g.Replicas))
			}
			for _, i := range built.Instances {
				instances = append(instances, fmt.Sprint(i.DBID, i.Content, " ", i.Role, " ", i.Pod, " ", i.Port, " ", i.Dir))
				if i.Host != i.Pod {
					t.Errorf("host %s of pod %s", i.Host, i.Pod)
				}
			}
			if got := strings.Join(groups, ", "); got != test.groups {
				t.Errorf("groups %s, want %s", got, test.groups)
			}
			if diff := cmp.Diff(test.instances, instances); diff != "" {
				t.Errorf("instances (-want +got):\n%s", diff)
			}
		})
	}
}

// In every shape dbids run from 1 without a gap, and no two instances of a pod share a port or a directory.
func TestNewShapes(t *testing.T) {
	for count := 1; count <= 12; count++ {
		for perPod := 1; perPod <= 5; perPod++ {
			for choice := range 4 {
				built := topology.New(shape(t, count, perPod, choice&1 == 1, choice&2 == 2))
				pods, dbids, taken := map[string]bool{}, map[int32]bool{}, map[string]bool{}
				for _, pod := range built.Pods() {
					pods[pod] = true
				}
				for _, i := range built.Instances {
					dbids[i.DBID] = true
					taken[fmt.Sprint(i.Pod, i.Port)], taken[i.Pod+i.Dir] = true, true
					if !pods[i.Pod] {
						t.Errorf("%+v runs in a pod that no group has", i)
					}
				}
				n := len(built.Instances)
				if len(dbids) != n || len(taken) != 2*n || !dbids[1] || !dbids[int32(n)] {
					t.Errorf("%d segments, %d in a pod: %d instances, %d dbids, %d ports and directories", count, perPod, n, len(dbids), len(taken))
				}
			}
		}
	}
}

func TestCrowded(t *testing.T) {
	for _, test := range []struct {
		name string
		// pairs are the nodes of each primary and of its mirror.
		pairs []string
		want  []string
	}{
		{"two nodes can't do better", []string{"a b", "a b", "b a", "b a"}, nil},
		{"in a ring", []string{"a b", "a b", "b c", "b c", "c a", "c b"}, []string{"a", "b"}},
		{"spread", []string{"a b", "a c", "b a", "b c", "c a", "c b"}, nil},
		{"one pod a node", []string{"a b", "b c", "c a"}, nil},
		{"not all placed", []string{"a b", "a ", "b c", " c"}, nil},
	} {
		built := topology.New(shape(t, len(test.pairs), 1, true, true))
		node := func(pod string) string {
			var ordinal int
			if _, err := fmt.Sscanf(pod[strings.LastIndex(pod, "-")+1:], "%d", &ordinal); err != nil {
				t.Fatal(err)
			}
			home, away, _ := strings.Cut(test.pairs[ordinal], " ")
			if strings.Contains(pod, "mirror") {
				return away
			}
			return home
		}
		if diff := cmp.Diff(test.want, built.Crowded(node)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if got := topology.New(shape(t, 2, 1, false, true)).Crowded(func(string) string { return "a" }); got != nil {
		t.Errorf("without mirrors: %v", got)
	}
}

func BenchmarkNew(b *testing.B) {
	for _, count := range []int{1_000, topology.MaxSegments} {
		c := shape(b, count, 1, true, true)
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(topology.New(c).Instances); got != 2*count+2 {
					b.Fatalf("%d instances", got)
				}
			}
		})
	}
}
