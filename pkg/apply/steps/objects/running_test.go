package objects

import (
	"testing"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// start does not wait for the standby's pod for long.
func TestStandbyPodIsSpare(t *testing.T) {
	a := apitest.New()
	target := roomtest.New(t, apitest.Served(t, a))
	both := []string{"demo-coordinator-0", "demo-coordinator-1"}
	if _, err := target.Store.Decide(t.Context(), map[string]string{plan.StateCoordinator: both[0]}); err != nil {
		t.Fatal(err)
	}
	a.Put(apitest.Pod(both[0], apitest.Runs(), true), apitest.Pod("demo-primary-0", apitest.Runs(), true), apitest.Pod(both[1], apitest.Waits("CreateContainerConfigError", "no such key"), false))
	h := &runningHandler{store: target.Store, pods: target.Pods, action: plan.Running{Pods: []string{both[0], both[1], "demo-primary-0"}, Standby: both}, patience: time.Second}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("before: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("afterwards: %+v, error %v", finding, err)
	}
}
