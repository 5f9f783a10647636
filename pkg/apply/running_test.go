package apply

import (
	"testing"
	"time"

	"gpk/pkg/plan"
)

// start does not wait for the standby's pod for long.
func TestStandbyPodIsSpare(t *testing.T) {
	a := newAPI()
	target := a.served(t)
	both := []string{"demo-coordinator-0", "demo-coordinator-1"}
	if _, err := target.decide(t.Context(), map[string]string{plan.StateCoordinator: both[0]}); err != nil {
		t.Fatal(err)
	}
	a.put(pod(both[0], runs(), true), pod("demo-primary-0", runs(), true), pod(both[1], waits("CreateContainerConfigError", "no such key"), false))
	h := &runningHandler{target: target, action: plan.Running{Pods: []string{both[0], both[1], "demo-primary-0"}, Standby: both}, patience: time.Second}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending {
		t.Errorf("before: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Done {
		t.Errorf("afterwards: %+v, error %v", finding, err)
	}
}
