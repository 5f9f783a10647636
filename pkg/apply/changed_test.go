package apply

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
)

func TestRefused(t *testing.T) {
	version := plan.Change{Difference: plan.Difference{Field: "spec.version"}, Command: plan.Gpk("upgrade", "--version", "2")}
	clients := plan.Change{Difference: plan.Difference{Field: "spec.database.hba"}, Command: plan.Gpk("create", "--update"), Update: true}
	count := plan.Change{Difference: plan.Difference{Field: "spec.segments.count"}, Command: plan.Gpk("expand"), Fixed: true}
	all := []plan.Change{version, clients, count}
	tests := []struct {
		name   string
		stage  Stage
		update bool
		want   string
	}{
		{"nothing is there", Nothing, false, ""},
		{"volumes hold what they were made for", Volumes, false, "spec.segments.count: gpk delete --delete-data"},
		{"--update changes nothing of that", Volumes, true, "spec.segments.count: gpk delete --delete-data"},
		{"a database", Database, false,
			"spec.version: gpk upgrade --version 2, spec.database.hba: gpk create --update, spec.segments.count: gpk expand"},
		{"a database and --update", Database, true, "spec.version: gpk upgrade --version 2, spec.segments.count: gpk expand"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range refused(all, test.stage, test.update) {
				got = append(got, c.Field+": "+c.Command.String())
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
