package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
)

// What a cluster is compared with are the settings that it was given. Where the file wants another value, the command that makes
// the change says so, and a second one with the earlier value would take it back.
func TestCompare(t *testing.T) {
	made := strings.Replace(before, "{work_mem: 64MB}", "{Work_Mem: 64MB, search_path: 'a, b', max_connections: 70}", 1)
	all := []string{
		"max_connections 70 210: gpk config set max_connections=70",
		"max_prepared_transactions 70 70: gpk config set max_prepared_transactions=DEFAULT",
		"shared_buffers 125MB 128MB: gpk config set shared_buffers=DEFAULT",
		"gp_vmem_protect_limit 8192 421: gpk config set gp_vmem_protect_limit=DEFAULT",
		"statement_mem 18MB 18MB: gpk config set statement_mem=DEFAULT",
		"gp_segment_connect_timeout 30s 30s: gpk config set gp_segment_connect_timeout=DEFAULT",
		"work_mem 64MB 64MB: gpk config set work_mem=64MB",
		"search_path a, b a, b: gpk config set 'search_path=a, b'",
	}
	for name, test := range map[string]struct {
		old, new string
		without  []string
	}{
		"the same file":        {"", "", nil},
		"another value":        {"64MB", "48MB", []string{"work_mem"}},
		"a value left out":     {"Work_Mem: 64MB, ", "", []string{"work_mem"}},
		"what is derived":      {"70", "80", []string{"max_connections", "max_prepared_transactions"}},
		"resources":            {"memory: 1Gi", "memory: 2Gi", []string{"shared_buffers", "gp_vmem_protect_limit", "statement_mem"}},
		"nothing of a setting": {"count: 2", "count: 4", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := plan.Compare(parsed(t, made), parsed(t, strings.Replace(made, test.old, test.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			create, err := plan.Create(parsed(t, made))
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Steps) != len(create.Steps)+1 {
				t.Fatalf("%d steps, and %d to create", len(p.Steps), len(create.Steps))
			}
			var got, want []string
			for _, s := range p.Steps[len(create.Steps)].Action.(plan.Kept).Settings {
				got = append(got, s.Name+" "+s.Coordinator+" "+s.Segment+": "+s.Command.String())
			}
			for _, line := range all {
				setting, _, _ := strings.Cut(line, " ")
				if !strings.Contains(" "+strings.Join(test.without, " ")+" ", " "+setting+" ") {
					want = append(want, line)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
