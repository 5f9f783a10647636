package topology_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

// world says where pods run: primary 0 and on, then mirror 0 and on, each a node or "-" for nowhere yet.
type world map[string]string

func newWorld(primaries, mirrors string) world {
	w := world{}
	for component, nodes := range map[string]string{"primary": primaries, "mirror": mirrors} {
		for ordinal, node := range strings.Fields(nodes) {
			w[fmt.Sprintf("demo-%s-%d", component, ordinal)] = strings.Trim(node, "-")
		}
	}
	return w
}

func (w world) node(pod string) string { return w[pod] }

func TestWishes(t *testing.T) {
	for _, test := range []struct {
		name, primaries, mirrors string
		want                     []string
	}{
		{"two primaries on each of three nodes", "a b c a b c", "",
			[]string{"0 b, 3 c, 4 a", "1 c, 2 a, 5 b"}},
		{"one node with two", "a b c a", "", []string{"0 b, 3 c, 2 a", "1 c"}},
		{"each node with one", "a b c d", "", nil},
		{"two nodes only", "a b a b", "", nil},
		{"one node only", "a a a a", "", nil},
		{"primaries that have no node yet", "a b - a c -", "", []string{"0 b, 3 c, 4 a", "1 c"}},
		{"too few of them have a node", "a b - - - -", "", nil},
		{"mirrors that are there already count", "a b c a b c", "b - - - - a", []string{"3 c, 4 a, 2 b", "1 c"}},
		{"all are there already", "a b c a", "b c a c", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			top := topology.New(shape(t, len(strings.Fields(test.primaries)), 1, true, false))
			if diff := cmp.Diff(test.want, written(top.Wishes(newWorld(test.primaries, test.mirrors).node))); diff != "" {
				t.Errorf("wishes (-want +got):\n%s", diff)
			}
		})
	}
}

func written(rounds [][]topology.Wish) []string {
	var lines []string
	for _, round := range rounds {
		var words []string
		for _, wish := range round {
			words = append(words, strings.TrimPrefix(wish.Pod, "demo-mirror-")+" "+wish.Node)
		}
		lines = append(lines, strings.Join(words, ", "))
	}
	return lines
}

// Whatever the nodes of the primaries: with all wishes granted, each node's mirrors are on as many others as can be, no
// mirror is beside its primary, and each round gives a node one mirror at most.
func TestWishesSpread(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	tops := map[int]topology.Topology{}
	for count := 4; count <= 60; count++ {
		tops[count] = topology.New(shape(t, count, 1, true, false))
	}
	granted := 0
	for range 3000 {
		count, nodes := 4+random.IntN(57), 1+random.IntN(12)
		even := random.IntN(2) == 0
		w := world{}
		for ordinal := range count {
			node := random.IntN(nodes)
			if even {
				node = ordinal % nodes
			}
			w[fmt.Sprintf("demo-primary-%d", ordinal)] = fmt.Sprintf("node%d", node)
		}
		said := fmt.Sprint(w)
		rounds := tops[count].Wishes(w.node)
		if again := tops[count].Wishes(w.node); !slices.Equal(written(again), written(rounds)) {
			t.Fatalf("%s: %v, and then %v", said, rounds, again)
		}
		if rounds == nil {
			continue
		}
		granted++
		for _, fault := range grant(w, rounds, even) {
			t.Errorf("%s: %s", said, fault)
		}
		if len(w) != 2*count {
			t.Errorf("%s: only %d of %d mirrors have a wish", said, len(w)-count, count)
		}
		if crowded := tops[count].Crowded(w.node); len(crowded) > 0 {
			t.Errorf("%s: crowded: %v", said, crowded)
		}
	}
	if granted < 1000 {
		t.Errorf("only %d shapes had wishes", granted)
	}
}

// grant fulfils the wishes, and says what is wrong with them.
func grant(w world, rounds [][]topology.Wish, even bool) (faults []string) {
	byHome, total := map[string]map[string]int{}, map[string]int{}
	for _, node := range w {
		byHome[node], total[node] = map[string]int{}, 0
	}
	for i, round := range rounds {
		taken := map[string]bool{}
		for _, wish := range round {
			home := w[strings.Replace(wish.Pod, "mirror", "primary", 1)]
			if home == wish.Node || taken[wish.Node] {
				faults = append(faults, fmt.Sprintf("round %d: %v, and its primary is on %s", i, round, home))
			}
			taken[wish.Node] = true
			byHome[home][wish.Node]++
			total[wish.Node]++
			w[wish.Pod] = wish.Node
		}
	}
	for home, mirrors := range byHome {
		least, most := len(w), 0
		for node := range byHome {
			if node != home {
				least, most = min(least, mirrors[node]), max(most, mirrors[node])
			}
		}
		if most-least > 1 {
			faults = append(faults, fmt.Sprintf("the mirrors of %s: %v", home, mirrors))
		}
	}
	least, most := len(w), 0
	for _, mirrors := range total {
		least, most = min(least, mirrors), max(most, mirrors)
	}
	if even && most-least > 1 {
		faults = append(faults, fmt.Sprintf("mirrors in all: %v", total))
	}
	return faults
}

func TestCanSpread(t *testing.T) {
	for _, test := range []struct {
		count, perPod int
		mirrors, want bool
	}{{3, 1, true, false}, {4, 1, true, true}, {6, 2, true, false}, {8, 2, true, true}, {8, 1, false, false}} {
		top := topology.New(shape(t, test.count, test.perPod, test.mirrors, true))
		if top.CanSpread() != test.want {
			t.Errorf("%+v: %t", test, top.CanSpread())
		}
	}
}
