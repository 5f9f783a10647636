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
	tests := map[string]struct{ decided, changes, want map[string]string }{
		"the first": {nil, map[string]string{plan.StateCoordinator: "a"},
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "1000"}},
		"another": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900", plan.StateHosts: "h\n"}, map[string]string{plan.StateCoordinator: "b"},
			map[string]string{plan.StateCoordinator: "b", plan.StateTerm: "1000", plan.StateHosts: "h\n"}},
		"another, by a clock that is late": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "2000"}, map[string]string{plan.StateCoordinator: "b"},
			map[string]string{plan.StateCoordinator: "b", plan.StateTerm: "2001"}},
		"the same": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateCoordinator: "a", plan.StateHosts: "h\n"},
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900", plan.StateHosts: "h\n"}},
		"a stop": {map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "900"}, map[string]string{plan.StateDatabase: DatabaseStopped},
			map[string]string{plan.StateCoordinator: "a", plan.StateTerm: "1000", plan.StateDatabase: DatabaseStopped}},
		"of one that had no term": {map[string]string{plan.StateCoordinator: "a"}, map[string]string{plan.StateCoordinator: "a"},
			map[string]string{plan.StateCoordinator: "a"}},
		"hosts alone": {nil, map[string]string{plan.StateHosts: "h\n"}, map[string]string{plan.StateHosts: "h\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := decision(test.decided, test.changes, now); !maps.Equal(got, test.want) {
				t.Errorf("decided is %v, want %v", got, test.want)
			}
		})
	}
}
