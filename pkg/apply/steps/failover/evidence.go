package failover

import (
	"errors"
	"sync"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Evidence is why gpk believes that the old coordinator takes no more writes. A standby is activated on nothing less, and the journal names
// the kind of it, which is the first word.
type Evidence string

// The kinds of evidence.
const (
	StoppedByExec  Evidence = "stopped-by-exec: its instance was stopped by exec in its pod"
	StoppedBySSH   Evidence = "stopped-by-ssh: its instance was stopped by ssh from the standby's pod"
	ContainerEnded Evidence = "container-ended: its kubelet, which renewed its lease just now, reports that its container has ended"
	CutOff         Evidence = "cut-off: its pod is unreachable, it had the time to stop itself, the standby heard nothing from its " +
		"machine, and the segments have ended its sessions"
	// Silent is CutOff where the segments' pods have the scripts of an earlier gpk.
	Silent   Evidence = "cut-off: its pod is unreachable, it had the time to stop itself, and the standby heard nothing from its machine"
	Fenced   Evidence = "fenced: a person gave --fenced; nobody saw it stopped"
	Promoted Evidence = "promoted: an earlier failover has activated the standby"
)

// found keeps the evidence from the step that has found it to the activation. Checks of both may run at the same time.
type found struct {
	mutex    sync.Mutex
	evidence Evidence
}

func (f *found) note(e Evidence) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.evidence = e
}

func (f *found) known() Evidence {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.evidence
}

// onEvidence is an error where nothing shows that the old coordinator takes no more writes.
func (o *OldCoordinator) onEvidence(from string) error {
	if o.found.known() != "" {
		return nil
	}
	return &engine.NextError{Err: errors.New("nothing shows that the coordinator in pod " + from + " takes no more writes: " +
		"the standby was not activated"),
		Next: engine.Next(plan.Gpk("failover"), " looks again")}
}
