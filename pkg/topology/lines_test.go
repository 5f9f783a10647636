package topology_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

const head = "apiVersion: gpk/v1alpha1\nkind: GreenplumCluster\nmetadata: {name: demo, namespace: sales}\nspec:\n  version: 7.1.0\n  image: registry.example/greenplum\n"

// Each fault is said once, on the line where the reader's eye has to go. The text begins on line 7.
func TestLines(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{"what is missing is on the line of what it is missing in", "  segments:\n    perPod: 2\n", []string{
			"line 7: spec.segments.count: missing: give the number of primaries, 1 to 10000"}},
		{"or of what is around that", "  database: {}\n", []string{"line 4: spec.segments.count: missing: give the number of primaries, 1 to 10000"}},
		{"a name that nobody can guess leaves its field missing", "  segments:\n    cuont: 2\n    perPod: 0\n", []string{
			"line 7: spec.segments.count: missing: give the number of primaries, 1 to 10000",
			"line 8: spec.segments.cuont: unknown field: known here are count, perPod, mirrors, antiAffinity, topologyKey, nodeSelector, tolerations, priorityClassName, schedulerName, resources, storage",
			"line 9: spec.segments.perPod: 0 is not allowed: give 1 to 100"}},
		{"the field that was meant is not missing", "  segments:\n    Count: 2\n", []string{"line 8: spec.segments.Count: unknown field: did you mean count?"}},
		{"nor is what would be in it", "  Segments: {count: 0}\n", []string{"line 7: spec.Segments: unknown field: did you mean segments?"}},
		{"a value of the wrong type is not missing", "  segments:\n    count: four\n", []string{`line 8: spec.segments.count: "four" is not allowed: give a whole number`}},
		{"an empty value is a missing one", "  segments:\n    count:\n", []string{"line 8: spec.segments.count: missing: give the number of primaries, 1 to 10000"}},
		{"a number that is too large for its field", "  segments:\n    count: 4294967297\n", []string{"line 8: spec.segments.count: 4294967297 is not allowed: give a whole number"}},
		{"a whole number with a point", "  segments:\n    count: 4.0\n", []string{"line 8: spec.segments.count: 4.0 is not allowed: give a whole number"}},
		{"entries of a list keep their numbers behind a faulty one", "  segments: {count: 1}\n  imagePullSecrets:\n  - [a]\n  - b_\n  -\n", []string{
			"line 9: spec.imagePullSecrets[0]: a list is not allowed: give text, in quotes where it looks like a number or a boolean",
			`line 10: spec.imagePullSecrets[1]: "b_" is not allowed: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ` +
				"and must start and end with an alphanumeric character",
			"line 11: spec.imagePullSecrets[2]: this entry is empty: remove it or give it a value"}},
		{"and behind an empty one", "  segments: {count: 1}\n  imagePullSecrets:\n  -\n  - b_\n", []string{
			"line 9: spec.imagePullSecrets[0]: this entry is empty: remove it or give it a value",
			`line 10: spec.imagePullSecrets[1]: "b_" is not allowed: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ` +
				"and must start and end with an alphanumeric character"}},
		{"so do mappings in a list", "  segments:\n    count: 1\n    tolerations:\n    - keys: a\n    - {key: a, effect: x}\n", []string{
			"line 10: spec.segments.tolerations[0].keys: unknown field: did you mean key?",
			`line 11: spec.segments.tolerations[1].effect: "x" is not allowed: give NoSchedule, PreferNoSchedule or NoExecute`}},
		{"what an alias stands for is faulty where it is written", "  segments: {count: 1, resources: &r {limits: {memory: 1Mi}}}\n  coordinator:\n    resources: *r\n", []string{
			`line 7: spec.coordinator.resources.limits[memory]: "1Mi" is not allowed: give at least 128Mi, which is 128Mi for each instance of a pod`,
			`line 7: spec.segments.resources.limits[memory]: "1Mi" is not allowed: give at least 128Mi, which is 128Mi for each instance of a pod`}},
		{"a value in a block is on the line of its name", "  segments: {count: 1}\n  database:\n    locale: |\n      C\n      D\n", []string{
			`line 9: spec.database.locale: "C\nD\n" is not allowed: give a locale of the image, such as en_US.UTF-8 or C.UTF-8`}},
		{"a key twice", "  segments:\n    count: 1\n    count: 2\n", []string{"line 9: spec.segments.count: given twice, first on line 8: remove one"}},
		{"a long value is cut", "  segments: {count: 1}\n  database: {name: " + strings.Repeat("é", 70) + "}\n", []string{
			`line 8: spec.database.name: "` + strings.Repeat("é", 60) + `…" is not allowed: give a letter, then letters, digits, _ and -, 63 at most`}},
		{"nothing is nested so deep", "  segments: {count: 1}\n  podTemplate: {spec: {containers: " + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}}\n", []string{
			"line 8: spec.podTemplate.spec.containers[0]: a list is not allowed: give a mapping of name, image, command, args, workingDir, ports, envFrom, env, resources, resizePolicy, restartPolicy, restartPolicyRules, …"}},
	} {
		_, err := topology.Load([]byte(head+test.text), "")
		var faults topology.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: error %v, want faults", test.why, err)
			continue
		}
		var got []string
		for _, fault := range faults {
			got = append(got, fault.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
	}
}

// The ways in which YAML writes a value, and what comes of them.
func TestValues(t *testing.T) {
	for _, test := range []struct{ written, want string }{
		{"coordinator: {standby: no}", "false"}, {"coordinator: {standby: Off}", "false"}, {"coordinator: {standby: FALSE}", "false"},
		{"coordinator: {standby: yes}", "true"}, {"coordinator: {standby: ~}", "true"}, {"coordinator: {standby: 'no'}", "fault"}, {"coordinator: {standby: 0}", "fault"},
	} {
		c, err := topology.Load([]byte(head+"  segments: {count: 1}\n  "+test.written+"\n"), "")
		got := "fault"
		if err == nil {
			got = fmt.Sprint(c.HasStandby())
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s (%v)", test.written, got, test.want, err)
		}
	}
	for written, want := range map[string]topology.Setting{
		"on": "on", "true": "on", "False": "off", "'true'": "true", "0x10": "0x10", "010": "010", "1_000": "1_000", "1e3": "1e3", ".5": ".5", "2026-01-01": "2026-01-01", "'": "",
	} {
		c, err := topology.Load([]byte(head+"  segments: {count: 1}\n  database: {config: {a: "+written+"}}\n"), "")
		if want == "" && err == nil {
			t.Errorf("%s: read as %q", written, c.Spec.Database.Config["a"])
		} else if want != "" && (err != nil || c.Spec.Database.Config["a"] != want) {
			t.Errorf("%s: error %v, want %q", written, err, want)
		}
	}
	for written, allowed := range map[string]bool{"4Gi": true, "4e9": true, "4096M": true, "'4294967296'": true, "4294967296": true, "1.5Gi": true,
		"4 Gi": false, "4GiB": false, "1e100": false, "": true, "0x100000000": false, "yes": false} {
		_, err := topology.Load([]byte(head+"  segments: {count: 1, resources: {limits: {memory: "+written+"}}}\n"), "")
		if written == "" {
			allowed = false // an entry of a mapping has a value
		}
		if (err == nil) != allowed {
			t.Errorf("memory %s: %v", written, err)
		}
	}
}

func TestFaults(t *testing.T) {
	for want, fault := range map[string]topology.Fault{
		"line 3: spec.image: bad": {Line: 3, Field: "spec.image", Message: "bad"},
		"line 3: bad":             {Line: 3, Message: "bad"},
		"spec.image: bad":         {Field: "spec.image", Message: "bad"},
	} {
		if got := fault.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	// Just as many as are shown are not more.
	for count, last := range map[int]string{200: "bad", 201: "and 1 more faults"} {
		faults := make(topology.Faults, count)
		for i := range faults {
			faults[i].Message = "bad"
		}
		if lines := strings.Split(faults.Error(), "\n"); lines[len(lines)-1] != last {
			t.Errorf("of %d faults the last line is %q", count, lines[len(lines)-1])
		}
	}
	var c topology.Cluster
	c.Default()
	var faults topology.Faults
	if err := c.Validate(); !errors.As(err, &faults) || faults[0].Line != 0 || faults[0].Field != "apiVersion" {
		t.Errorf("of nothing: %v", err)
	}
}
