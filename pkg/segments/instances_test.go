package segments

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePodFacts(t *testing.T) {
	facts, err := ParsePodFacts("marker initialising\ninstance /greenplum/primary/gpseg0 running\ninstance /greenplum/primary/gpseg1 absent\nend\n")
	if err != nil {
		t.Fatal(err)
	}
	want := PodFacts{Initialising, map[string]string{"/greenplum/primary/gpseg0": "running", "/greenplum/primary/gpseg1": "absent"}}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A stream that was cut looks like success. Half an answer must never be taken for the whole: a directory that is not
// mentioned would count as absent.
func TestParsePodFactsCutOff(t *testing.T) {
	const whole = "marker initialised\ninstance /greenplum/primary/gpseg0 running\ninstance /greenplum/primary/gpseg1 stopped\nend"
	for end := range len(whole) {
		if facts, err := ParsePodFacts(whole[:end]); err == nil {
			t.Errorf("%q was taken for a whole answer: %v", whole[:end], facts)
		}
	}
	if _, err := ParsePodFacts(whole); err != nil {
		t.Errorf("the last newline is not needed: %v", err)
	}
}

func TestParsePodFactsRefuses(t *testing.T) {
	for _, out := range []string{"bash: instances.sh: No such file or directory\nend\n", "marker\nend\n", "instance /a\nend\n", "instance /a b absent\nend\n",
		"\nend\n"} {
		if facts, err := ParsePodFacts(out); err == nil {
			t.Errorf("%q was read as %v", out, facts)
		}
	}
}

func TestPresent(t *testing.T) {
	for state, want := range map[string]bool{"absent": false, "stopped": true, "running": true} {
		facts := PodFacts{Instances: map[string]string{"/a": "absent", "/b": state}}
		if facts.Present() != want {
			t.Errorf("with an instance that is %s: present %t", state, facts.Present())
		}
	}
	if (PodFacts{}).Present() {
		t.Error("nothing is present")
	}
}
