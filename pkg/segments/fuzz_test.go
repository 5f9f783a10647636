package segments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// parsers are all that read an answer into a value, by what they read.
func parsers() map[string]func(out string) (any, error) {
	calls := []Call{{Host: "demo-primary-0"}, {Host: "demo-primary-1"}}
	links := []Link{{"demo-coordinator-0", "demo-primary-0", 6000}}
	return map[string]func(out string) (any, error){
		"catalogue":       func(out string) (any, error) { return ParseCatalogue(out) },
		"names":           func(out string) (any, error) { return ParseNames(out) },
		"refused lines":   func(out string) (any, error) { return ParseRefusedHBA(out) },
		"expansion":       func(out string) (any, error) { return ParseExpansion(out) },
		"server settings": func(out string) (any, error) { return ParseServerSettings(out) },
		"file settings":   func(out string) (any, error) { return ParseFileSettings(out) },
		"roles":           func(out string) (any, error) { return ParseRoles(out) },
		"pod facts":       func(out string) (any, error) { return ParsePodFacts(out) },
		"expansion facts": func(out string) (any, error) { return ParseExpansionFacts(out) },
		"following":       func(out string) (any, error) { return ParseFollowing(out) },
		"ahead":           func(out string) (any, error) { return ParseAhead(out) },
		"timelines":       func(out string) (any, error) { return ParseTimelines(out) },
		"aside":           func(out string) (any, error) { return ParseAside(out) },
		"files":           func(out string) (any, error) { return ParseFiles(out) },
		"try start":       func(out string) (any, error) { return ParseTryStart(out) },
		"image":           func(out string) (any, error) { return ParseImage(out) },
		"links":           func(out string) (any, error) { return ParseLinks(out, links) },
		"everywhere":      func(out string) (any, error) { return ParseEverywhere(out, calls) },
		"coordinator": func(out string) (any, error) {
			facts, answer, err := ParseCoordinator(out)
			return struct {
				PodFacts
				string
			}{facts, answer}, err
		},
		"hosts": func(out string) (any, error) {
			reached, tried, err := ParseHosts(out)
			return [2]int{reached, tried}, err
		},
		"release":           func(out string) (any, error) { return Release(out) },
		"catalogue version": func(out string) (any, error) { return CatalogueVersion(out) },
	}
}

// Whatever a pod answers, it is a value or an error in one line, never half a value beside an error: somebody would use it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "end\n", "null", "[]", "{}", "0", `{"status": "EXPANSION STARTED", "tables": 3, "estimate": "00:01:02.5"}`,
		"marker initialised\ninstance /greenplum/coordinator/gpseg-1 running\nend\n[]", "marker initialised\nunknown\nend\n",
		"instance running\nfollows yes\nreceived 0/C067458\nstreamed 1700000000\nheard x\nend\n",
		"instance stopped\ncommit 735 1700000000\ncommit 736 never\nend\n", "kept /greenplum/.gpk/aside/1 3\nend\n",
		"differs /greenplum/primary/gpseg0 work_mem\nsomething\nend\n", "said FATAL:  could not access file \"nowhere\"\nend\n",
		"missing ssh\nrelease postgres (Greenplum Database) 7.1.0 build x\nrefused work_mem no\nlocales C en_US\nrelease\nend\n",
		"status none\ngpexpand running\nfree 12\nsize x\ninstance /a absent new\nend\n",
		"ok demo-coordinator-0 demo-primary-0 6000\nfault demo-primary-0 no python\nend\n",
		"demo-primary-0 line\ndemo-primary-0 exit 0\ndemo-primary-1 exit 1\nend\n", "demo-primary-0 exit zero\nend\n", "3 4", "3",
		`[{"name":"a","value":null}, {"name":"a","value":"1"}]`, `{"gpadmin": ""}`, "Catalog version number:               301908232"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, out string) {
		for what, parse := range parsers() {
			value, err := parse(out)
			if err == nil {
				continue
			}
			if !reflect.ValueOf(value).IsZero() {
				t.Errorf("%s: %q is half an answer, %+v, beside the error %v", what, out, value, err)
			}
			if strings.TrimSpace(err.Error()) == "" {
				t.Errorf("%s: %q is refused without a word", what, out)
			}
		}
		SettingFault(out)
		ParseTerm(out)
		ParseWhy(out)
		Unreachable(out, []string{"demo-primary-0"})
	})
}

// What ends before its last line is nobody's answer: a stream that was cut looks like one that has ended.
func FuzzCutOff(f *testing.F) {
	f.Add("marker initialised\ninstance /greenplum/coordinator/gpseg-1 running\n", 12)
	f.Add("kept /greenplum/.gpk/aside/1 3\n", 30)
	f.Fuzz(func(t *testing.T, lines string, length int) {
		if strings.Contains(lines, "end") || length < 0 || length > len(lines) {
			t.Skip("an end of its own, or no place in it")
		}
		for what, parse := range parsers() {
			if strings.HasPrefix(what, "catalogue") || what == "hosts" || what == "release" || strings.HasPrefix(lines, "{") || json.Valid([]byte(lines[:length])) {
				continue // these are one value, which says itself where it ends
			}
			if value, err := parse(lines[:length]); err == nil {
				t.Errorf("%s: %q has no end and was taken for %+v", what, lines[:length], value)
			}
		}
	})
}

// A catalogue that was read and written again is the same one, in the same order.
func FuzzCatalogue(f *testing.F) {
	paths, _ := filepath.Glob("testdata/catalogue/*.json")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, out string) {
		once, err := ParseCatalogue(out)
		if err != nil {
			return
		}
		text, err := json.Marshal(once)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseCatalogue(string(text))
		if err != nil || !reflect.DeepEqual(once, again) {
			t.Errorf("from %s came %s, and from that %+v, error %v", out, text, again, err)
		}
		if parts := len(once.Segments()) + len(once.where(func(r Row) bool { return !r.IsSegment() })); parts != len(once) {
			t.Errorf("%d rows are %d in parts", len(once), parts)
		}
		if len(once.Up().Segments())+len(once.Down()) != len(once.Segments()) {
			t.Errorf("a segment of %s is neither up nor down, or both", text)
		}
		once.Unhealthy()
		once.Broken()
		once.OutOfSync()
	})
}

// A stored password of any form is compared, and never taken for one that it is not.
func FuzzPasswordMatches(f *testing.F) {
	f.Add("SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2Fs$a:b", "gpadmin", "secret")
	f.Add("SCRAM-SHA-256$0:c2FsdA==$a:b", "", "")
	f.Add("SCRAM-SHA-256$-1:c2FsdA==$a:b", "", "")
	f.Add("md5", "a", "b")
	f.Fuzz(func(t *testing.T, stored, role, password string) {
		if PasswordMatches(stored, role, password) && !strings.HasPrefix(stored, "md5") && !strings.HasPrefix(stored, "SCRAM-SHA-256$") {
			t.Errorf("%q was taken for the stored form of %q", stored, password)
		}
	})
}
