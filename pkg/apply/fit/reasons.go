package fit

import (
	"fmt"
	"slices"
)

// A family are the sets whose pods are alike: they want the same and the same nodes refuse them, so that counting is exact.
type family struct {
	board *board
	sets  []*set
	// room is how many pods of the family each node takes.
	room    []int64
	missing int64
}

// reasons why no scheduler could place every pod. Each is a count that any placement must keep to. None: a placement may
// yet exist.
func (b *board) reasons() []string {
	var reasons []string
	add := func(reason string) {
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	for _, f := range b.families() {
		if f.total() < f.missing {
			add(f.tooMany())
			continue
		}
		for _, s := range f.sets {
			for _, r := range s.apart {
				add(f.tooClose(s, r))
			}
		}
	}
	for _, s := range b.sets {
		add(b.stuck(s))
	}
	if len(reasons) == 0 {
		add(b.tooMuch())
	}
	return reasons
}

func (b *board) families() []*family {
	var found []*family
	for _, s := range b.sets {
		at := slices.IndexFunc(found, func(f *family) bool {
			return slices.Equal(f.sets[0].want, s.want) && slices.Equal(f.sets[0].refusals, s.refusals)
		})
		if at < 0 {
			f := &family{board: b, room: make([]int64, len(b.nodes))}
			for i := range b.nodes {
				f.room[i] = b.room(s, i)
			}
			found = append(found, f)
			at = len(found) - 1
		}
		found[at].sets = append(found[at].sets, s)
		for _, node := range s.at {
			if node == nowhere {
				found[at].missing++
			}
		}
	}
	return slices.DeleteFunc(found, func(f *family) bool { return f.missing == 0 })
}

func (f *family) total() int64 {
	sum := int64(0)
	for _, room := range f.room {
		sum += room
	}
	return sum
}

func (f *family) tooMany() string {
	return fmt.Sprintf("%s: %s and there is room for %s: %s", names(f.sets), f.wants(), none(f.total()), f.board.rooms(f.sets[0], f.room))
}

func (f *family) wants() string {
	return count(f.missing, "pod") + " of " + f.board.words(f.sets[0].want) + " " + plural(f.missing, "is", "are") + " wanted"
}

// tooClose is why the pods of two sets cannot keep apart. A domain helps n pairs with at most n pods, however many it could
// take: more would be two of one pair.
func (f *family) tooClose(s *set, r relation) string {
	if !slices.Contains(f.sets, r.other) {
		return ""
	}
	most, wanted := max(len(s.at), len(r.other.at)), len(s.at)+len(r.other.at)
	if r.other == s {
		most, wanted = 1, len(s.at)
	} else if slices.Index(f.sets, r.other) < slices.Index(f.sets, s) {
		return "" // said the other way round
	}
	sum, places := f.places(s, r.other, most)
	if sum >= int64(wanted) {
		return ""
	}
	what := fmt.Sprintf("each pod of %s must keep away from its partner in %s", s.name, r.other.name)
	switch {
	case r.other == s:
		what = fmt.Sprintf("the pods of %s must keep away from each other", s.name)
	case !r.pairs:
		what = fmt.Sprintf("the pods of %s must keep away from those of %s", s.name, r.other.name)
	}
	return fmt.Sprintf("%s (not the same %s), and of %d pods of %s only %s can: %s", what, s.key, wanted,
		f.board.words(s.want), none(sum), f.board.rooms(s, places))
}

// places are how many pods of two sets have a node or could be given one, in all and by node, if no domain takes a pod
// beyond the most that keep apart. Pods that run count wherever they are: the rule does not move them.
func (f *family) places(s, other *set, most int) (sum int64, places []int64) {
	places = slices.Clone(f.room)
	room, left := map[string]int64{}, map[string]int64{}
	for i, n := range f.board.nodes {
		room[n.labels[s.key]] += f.room[i]
		left[n.labels[s.key]] = int64(most)
	}
	type half struct {
		domain  string
		ordinal int
	}
	seen := map[half]bool{}
	for _, side := range slices.Compact([]*set{s, other}) {
		for ordinal, node := range side.at {
			if node == nowhere {
				continue
			}
			places[node]++
			sum++
			if h := (half{f.board.nodes[node].labels[s.key], ordinal}); !seen[h] {
				seen[h] = true
				left[h.domain]--
			}
		}
	}
	for domain, pods := range room {
		if domain != "" {
			pods = min(pods, max(left[domain], 0))
		}
		sum += pods
	}
	return sum, places
}

// stuck is a pod whose volume is where the pod cannot be.
func (b *board) stuck(s *set) string {
	for ordinal := range s.at {
		nodes, bound := s.bound[ordinal]
		if !bound || s.at[ordinal] != nowhere || slices.ContainsFunc(nodes, func(i int) bool { return b.room(s, i) > 0 }) {
			continue
		}
		if len(nodes) == 0 {
			return fmt.Sprintf("the volume of pod %s is on a node that is not there", s.pod(ordinal))
		}
		room := make([]int64, len(b.nodes))
		return fmt.Sprintf("pod %s wants %s where its volume is: %s", s.pod(ordinal), b.words(s.want), b.roomsOf(s, room, nodes))
	}
	return ""
}

// tooMuch is a resource of which there is too little for all sets together, on all nodes that take any of them.
func (b *board) tooMuch() string {
	want, free := make(amount, len(b.resources)), make(amount, len(b.resources))
	var sets []*set
	for _, s := range b.sets {
		missing := int64(0)
		for _, node := range s.at {
			if node == nowhere {
				missing++
			}
		}
		for i := range want {
			want[i] += missing * s.want[i]
		}
		if missing > 0 {
			sets = append(sets, s)
		}
	}
	for i, n := range b.nodes {
		if slices.ContainsFunc(sets, func(s *set) bool { return s.refusals[i] == "" }) {
			for r := range free {
				free[r] += max(n.free[r], 0)
			}
		}
	}
	for i := range want {
		if want[i] > free[i] {
			return fmt.Sprintf("%s want %s in all, and the nodes that may run them have %s", names(sets), b.word(i, want[i]), b.word(i, free[i]))
		}
	}
	return ""
}
