package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Every pod is in one budget: no more, since the API server evicts no pod of two, and with nobody but its counterpart.
func TestBudgets(t *testing.T) {
	for shape, want := range map[string][]string{
		"one":      {"one-coordinator-0", "one-primary-0"},
		"mirrored": nil,
		"wide":     nil,
	} {
		p := create(t, load(t, shape))
		pods := map[string]labels.Set{}
		for _, set := range statefulSets(p) {
			for ordinal := range *set.Spec.Replicas {
				pod := fmt.Sprintf("%s-%d", set.Name, ordinal)
				pods[pod] = labels.Merge(set.Spec.Template.Labels, labels.Set{"statefulset.kubernetes.io/pod-name": pod})
			}
		}
		var members []string
		for name, object := range objectsOf(manifests(p), "PodDisruptionBudget") {
			selector, err := metav1.LabelSelectorAsSelector(object.(*policyv1.PodDisruptionBudget).Spec.Selector)
			if err != nil {
				t.Fatal(err)
			}
			var kept []string
			for _, pod := range slices.Sorted(maps.Keys(pods)) {
				if selector.Matches(pods[pod]) {
					kept = append(kept, pod)
				}
			}
			members = append(members, kept...)
			if want == nil && (len(kept) != 2 || !counterparts(kept[0], kept[1])) {
				t.Errorf("%s: budget %s keeps %q", shape, name, kept)
			}
		}
		slices.Sort(members)
		if want == nil {
			want = slices.Sorted(maps.Keys(pods))
		}
		if !slices.Equal(members, want) {
			t.Errorf("%s: the budgets keep %q, want %q", shape, members, want)
		}
	}
}

// counterparts are the two coordinators, or the mirror and the primary with the same number.
func counterparts(a, b string) bool {
	return strings.Contains(a, "-coordinator-") && strings.Contains(b, "-coordinator-") ||
		strings.Replace(a, "-mirror-", "-primary-", 1) == b
}
