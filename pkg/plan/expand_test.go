package plan

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/topology"
)

func grown(t testing.TB, count, perPod int32) (from, to *topology.Cluster) {
	t.Helper()
	from = &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	from.Spec.Version, from.Spec.Image = "7.1.0", "registry.example/greenplum"
	from.Spec.Segments.Count, from.Spec.Segments.PerPod = 3, perPod
	from.Default()
	larger := *from
	larger.Spec.Segments.Count = count
	return from, &larger
}

// An expansion touches what is new, and nothing of what is there but the number of pods.
func TestExpandTouchesOnlyNew(t *testing.T) {
	tests := map[string]struct {
		count, perPod int32
		claims        string
		pods          string
	}{
		"a pod each":    {5, 1, "data-demo-primary-3 data-demo-primary-4 data-demo-mirror-3 data-demo-mirror-4", "demo-primary=5 demo-mirror=5"},
		"the last pod":  {4, 2, "", ""},
		"and a new one": {5, 2, "data-demo-primary-2 data-demo-mirror-2", "demo-primary=3 demo-mirror=3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from, to := grown(t, test.count, test.perPod)
			p, err := Expand(from, to, "demo-coordinator-1", false)
			if err != nil {
				t.Fatal(err)
			}
			var claims, pods []string
			for _, object := range p.Objects() {
				if object.GetObjectKind().GroupVersionKind().Kind == "PersistentVolumeClaim" {
					claims = append(claims, object.GetName())
				}
			}
			for _, step := range p.Steps {
				if apply, ok := step.Action.(Apply); ok {
					for _, set := range setsOf(apply) {
						pods = append(pods, set.Name+"="+strconv.Itoa(int(*set.Spec.Replicas)))
					}
				}
			}
			if got := strings.Join(claims, " "); got != test.claims {
				t.Errorf("claims %s, want %s", got, test.claims)
			}
			if got := strings.Join(pods, " "); got != test.pods {
				t.Errorf("stateful sets %s, want %s", got, test.pods)
			}
		})
	}
}

// What an expansion makes is what a larger cluster would have been created with, and the smaller one was not.
func TestExpandMakesWhatCreateWould(t *testing.T) {
	for name, c := range map[string]struct {
		perPod           int32
		standby, mirrors bool
	}{"a pod each": {1, true, true}, "two in a pod": {2, true, true}, "without mirrors": {1, true, false}, "without standby": {2, false, true}} {
		t.Run(name, func(t *testing.T) {
			from, to := grown(t, 8, c.perPod)
			for _, cluster := range []*topology.Cluster{from, to} {
				cluster.Spec.Coordinator.Standby, cluster.Spec.Segments.Mirrors = &c.standby, &c.mirrors
			}
			p, err := Expand(from, to, "demo-coordinator-0", false)
			if err != nil {
				t.Fatal(err)
			}
			var missing, made []Object
			smaller := createdNames(t, from)
			for _, object := range created(t, to) {
				if !smaller[kindAndName(object)] {
					missing = append(missing, object)
				}
			}
			for _, object := range p.Objects() {
				if kind, _, _ := strings.Cut(kindAndName(object), "/"); kind != "StatefulSet" && kind != "ConfigMap" {
					made = append(made, object)
				}
			}
			byName := cmpopts.SortSlices(func(a, b Object) bool { return kindAndName(a) < kindAndName(b) })
			if diff := cmp.Diff(missing, made, byName); diff != "" || len(made) == 0 {
				t.Errorf("(-create +expand):\n%s", diff)
			}
			looked := p.Steps[0].Action.(Expandable)
			var claims, pods []string
			for _, object := range made {
				if pod, isClaim := strings.CutPrefix(object.GetName(), "data-"); isClaim {
					claims, pods = append(claims, object.GetName()), append(pods, pod)
				}
			}
			running := p.Steps[slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == "running" })].Action.(Running)
			if !slices.Equal(looked.Claims, claims) || !slices.Equal(running.Pods, pods) {
				t.Errorf("the claims %q are looked for and the pods %q waited for; made are %q", looked.Claims, running.Pods, claims)
			}
		})
	}
}

func created(t *testing.T, c *topology.Cluster) []Object {
	t.Helper()
	p, err := Create(c)
	if err != nil {
		t.Fatal(err)
	}
	return p.Objects()
}

func createdNames(t *testing.T, c *topology.Cluster) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, object := range created(t, c) {
		names[kindAndName(object)] = true
	}
	return names
}

func setsOf(apply Apply) []*appsv1.StatefulSet {
	var sets []*appsv1.StatefulSet
	for _, object := range apply.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			sets = append(sets, set)
		}
	}
	return sets
}

func kindAndName(object Object) string {
	return object.GetObjectKind().GroupVersionKind().Kind + "/" + object.GetName()
}

// What takes an expansion back removes the new pods and claims by name.
func TestUnexpandRemovesOnlyNew(t *testing.T) {
	from, to := grown(t, 4, 1)
	p, err := Unexpand(from, to)
	if err != nil {
		t.Fatal(err)
	}
	var removed []string
	for _, step := range p.Steps {
		if absent, ok := step.Action.(Absent); ok {
			removed = append(removed, absent.Names...)
		}
		if step.ID == "volumes" && step.Class != Destructive {
			t.Errorf("step %s is %s", step.ID, step.Class)
		}
	}
	want := []string{"demo-primary-3", "demo-mirror-3", "data-demo-primary-3", "data-demo-mirror-3", "demo-pair-3"}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
}

// New hosts are tried from the acting coordinator's pod, whichever that is, and only over connections that both ends are there for.
func TestExpandReachesFromActing(t *testing.T) {
	from, to := grown(t, 4, 1)
	p, err := Expand(from, to, "demo-coordinator-1", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		reach, ok := step.Action.(Reach)
		if !ok {
			continue
		}
		if reach.From != "demo-coordinator-1" || len(reach.Hosts) != 2 || len(reach.Links) == 0 {
			t.Errorf("from %s, hosts %q, %d links", reach.From, reach.Hosts, len(reach.Links))
		}
		for _, link := range reach.Links {
			if strings.HasPrefix(link.From, "demo-coordinator-0") || !slices.Contains(reach.Hosts, link.To) {
				t.Errorf("a connection %s", link)
			}
		}
		return
	}
	t.Error("new hosts are not tried")
}

// Whatever of a plan that comes between notes the hosts of all pods, it notes the new ones with them, from its first step on.
func TestKeepingNewHosts(t *testing.T) {
	from, to := grown(t, 4, 1)
	whole, err := Recover(from, false, false, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		plan Plan
		want int
	}{{whole, 2}, {Failover(from, Takeover{"demo-coordinator-0", "demo-coordinator-1"}, FailoverOptions{}), 2}} {
		noted := 0
		for _, step := range test.plan.Keeping(to).Steps {
			var known []string
			switch action := step.Action.(type) {
			case Started:
				known = action.Hosts
			case Fence:
				known = action.Hosts
			case Expose:
				known = action.Hosts
			default:
				continue
			}
			if noted++; len(known) != 10 {
				t.Errorf("%s, step %s: hosts %q", test.plan.Operation, step.ID, known)
			}
		}
		if noted != test.want {
			t.Errorf("%s: %d steps note hosts, want %d", test.plan.Operation, noted, test.want)
		}
	}
}

// A start that comes between leaves the new pods, and a stop that takes all pods away takes these too.
func TestKeepingNewPods(t *testing.T) {
	from, to := grown(t, 4, 1)
	start, err := Start(from)
	if err != nil {
		t.Fatal(err)
	}
	stop, err := Stop(from, "fast", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		plan Plan
		want []int32
	}{{start, []int32{2, 4, 4}}, {stop, []int32{0, 0, 0}}} {
		for _, step := range test.plan.Keeping(to).Steps {
			if apply, ok := step.Action.(Apply); ok && len(setsOf(apply)) > 0 {
				var got []int32
				for _, set := range setsOf(apply) {
					got = append(got, *set.Spec.Replicas)
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("%s: pods %v, want %v", test.plan.Operation, got, test.want)
				}
			}
			if started, ok := step.Action.(Started); ok && len(started.Hosts) != 10 {
				t.Errorf("%s: hosts %q", test.plan.Operation, started.Hosts)
			}
		}
	}
}

// A plan of twice as many segments makes twice as much, and not four times: in a cluster of thousands that is the difference between
// a moment and a minute. What is only compared too often shows in BenchmarkExpand.
func TestExpandGrowsWithItsSize(t *testing.T) {
	made := func(count int32) float64 {
		from, to := grown(t, 2*count, 1)
		from.Spec.Segments.Count = count
		return testing.AllocsPerRun(1, func() {
			if _, err := Expand(from, to, "demo-coordinator-0", false); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := made(150), made(300); large > 2.5*small {
		t.Errorf("%.0f allocations for 300 segments, and %.0f for 600", small, large)
	}
}

func BenchmarkExpand(b *testing.B) {
	for _, count := range []int32{1000, 4000} {
		b.Run(strconv.Itoa(int(count)), func(b *testing.B) {
			from, to := grown(b, count, 1)
			for b.Loop() {
				if _, err := Expand(from, to, "demo-coordinator-0", false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
