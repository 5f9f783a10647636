package fit

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A no must mean that there is no placement, and a yes that there is one: small questions are compared with trying
// everything.
func TestAskAgainstEveryPlacement(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1)) //nolint:gosec // the same questions every time
	unsure := 0
	const questions = 3000
	for range questions {
		q := randomQuestion(random)
		answer := Ask(q)
		exists := newBoard(q).everyWay(0, 0)
		switch {
		case len(answer.No) > 0 && exists:
			t.Fatalf("said no: %q\nto %s", answer.No, describe(q))
		case len(answer.No) == 0 && answer.Unsure == "" && !exists:
			t.Fatalf("said yes to %s", describe(q))
		case answer.Unsure != "":
			unsure++
		}
	}
	// The heuristic is worth something only if it seldom fails to tell.
	if unsure > questions/30 {
		t.Errorf("could not tell %d times of %d", unsure, questions)
	}
}

func randomQuestion(random *rand.Rand) Question {
	n := int32(1 + random.IntN(3))
	q := Question{Sets: cluster(n, host, random.IntN(3) > 0), Bound: map[string]*corev1.NodeSelector{}}
	q.Sets = q.Sets[random.IntN(2):]
	count := 1 + random.IntN(4)
	for i := range count {
		q.Nodes = append(q.Nodes, machine(fmt.Sprintf("node%d", i), fmt.Sprint(2*random.IntN(5)), "64Gi"))
	}
	for _, s := range q.Sets {
		for ordinal := range *s.Spec.Replicas {
			if random.IntN(8) == 0 {
				q.Bound[fmt.Sprintf("%s-%d", s.Name, ordinal)] = onHost(fmt.Sprintf("node%d", random.IntN(count)))
			}
		}
	}
	return q
}

// everyWay tries every node for every pod, from one pod on.
func (b *board) everyWay(at, ordinal int) bool {
	if at == len(b.sets) {
		return true
	}
	s := b.sets[at]
	if ordinal == len(s.at) {
		return b.everyWay(at+1, 0)
	}
	for i := range b.nodes {
		if !b.may(s, ordinal, i) {
			continue
		}
		s.at[ordinal] = i
		b.nodes[i].free.less(s.want)
		found := b.everyWay(at, ordinal+1)
		s.at[ordinal] = nowhere
		back := make(amount, len(s.want))
		back.less(s.want)
		b.nodes[i].free.less(back)
		if found {
			return true
		}
	}
	return false
}

func (b *board) may(s *set, ordinal, node int) bool {
	if b.room(s, node) == 0 {
		return false
	}
	if nodes, bound := s.bound[ordinal]; bound && (len(nodes) != 1 || nodes[0] != node) {
		return false
	}
	for _, r := range s.apart {
		for other, at := range r.other.at {
			same := r.other == s && other == ordinal
			if at == node && !same && (!r.pairs || other == ordinal) {
				return false
			}
		}
	}
	return true
}

func describe(q Question) string {
	text := ""
	for _, n := range q.Nodes {
		text += fmt.Sprintf("%s %s CPU; ", n.Name, n.Status.Allocatable.Cpu())
	}
	for _, s := range q.Sets {
		text += fmt.Sprintf("%s x%d, pairs %v; ", s.Name, *s.Spec.Replicas, len(s.Spec.Template.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].MatchLabelKeys) > 0)
	}
	return fmt.Sprint(text, q.Bound)
}
