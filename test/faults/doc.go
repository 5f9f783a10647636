// Package faults breaks something at every step of every command of gpk, on a real Kubernetes, and looks whether the same
// command, run again, still comes to its end with every acknowledged row there:
//
//	make faults [ONLY=COMMAND/FAULT/STEP] [FAULTS='killed-in exec-cut'] [SEED=1] [STEPS=2]
//
// A case is a command, a fault and a step, and can be run alone. The steps come from gpk's own --dry-run, so a new step is a
// new case. What came of the cases is kept in results.json, from which docs/faults.md is written. A run leaves out what has
// come to its end with the same seed; a case that is named with ONLY is run again.
//
// gpk talks to the API server through a proxy (proxy_test.go). It sees which step gpk notes in its journal, and holds a request
// while the fault happens: so the moment is the same in every run. The seed chooses which of the step's requests it is.
package faults
