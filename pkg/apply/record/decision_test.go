package record

import (
	"maps"
	"testing"
	"time"

	"gpk/pkg/plan"
)

// Another coordinator, and a stop or a start, is a later decision, whatever the clock says and wherever the one before has gone; all else keeps its term.
func TestDecision(t *testing.T) {
	now := time.Unix(1000, 0)
	tests := map[string]struct {
		decided, changes map[string]string
		known            int64
		want             map[string]string
	}{
		"the first": {nil, map[string]string{plan.StateCoordinator: "a"}, 0,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "1000"}},
		"the first, and a volume knows a later term than the clock's": {nil, map[string]string{plan.StateCoordinator: "a"}, 5000,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "5001"}},
		"the first, and a volume knows an earlier one": {nil, map[string]string{plan.StateCoordinator: "a"}, 7,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "8"}},
		"the same, and a volume knows a later term": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateCoordinator: "a"}, 901,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "902"}},
		"the same, and a volume knows its term": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateCoordinator: "a"}, 900,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}},
		"another": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900", plan.StateHosts: "h\n"}, map[string]string{plan.StateCoordinator: "b"}, 0,
			map[string]string{plan.StateCoordinator: "b", plan.StateTerm: "901", plan.StateHosts: "h\n"}},
		"another, by a clock that is late": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "2000"}, map[string]string{plan.StateCoordinator: "b"}, 0,
			map[string]string{plan.StateCoordinator: "b", plan.StateTerm: "2001"}},
		"the same": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateCoordinator: "a", plan.StateHosts: "h\n"}, 0,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900", plan.StateHosts: "h\n"}},
		"a stop": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateDatabase: DatabaseStopped}, 0,
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "901", plan.StateDatabase: DatabaseStopped}},
		"of one that had no term": {map[string]string{plan.StateCoordinator: "a"}, map[string]string{plan.StateCoordinator: "a"}, 0,
			map[string]string{plan.StateCoordinator: "a"}},
		"hosts alone": {nil, map[string]string{plan.StateHosts: "h\n"}, 0, map[string]string{plan.StateHosts: "h\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := decision(test.decided, test.changes, test.known, now); !maps.Equal(got, test.want) {
				t.Errorf("decided is %v, want %v", got, test.want)
			}
		})
	}
}
