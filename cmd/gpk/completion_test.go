package main

import (
	"strings"
	"testing"
)

// completed are the words that a shell offers, and cobra's directive behind them.
func completed(r ran) []string { return strings.Fields(r.out) }

// A shell offers what there is in the cluster, of the namespace that the line names.
func TestCompletionOfNames(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	const noFiles, failed = ":4", ":1"
	tests := map[string]struct {
		line []string
		want []string
	}{
		"clusters":                 {[]string{"status", "--cluster", ""}, []string{"demo", noFiles}},
		"pods of the only cluster": {[]string{"logs", ""}, []string{"demo-coordinator-0", "demo-coordinator-1", "demo-mirror-0", "demo-primary-0", noFiles}},
		"pods of the named one":    {[]string{"logs", "--cluster", "demo", "demo-primary-0", "demo-m"}, []string{"demo-coordinator-0", "demo-coordinator-1", "demo-mirror-0", "demo-primary-0", noFiles}},
		"pods of no cluster":       {[]string{"logs", "--cluster", "none", ""}, []string{failed}},
		"contexts":                 {[]string{"status", "--context", ""}, []string{"here", noFiles}},
		"formats":                  {[]string{"status", "-o", ""}, []string{"json", noFiles}},
		"with a wrong setting":     {[]string{"status", "-o", "yaml", "--cluster", ""}, []string{failed}},
		"contexts of no file":      {[]string{"status", "--kubeconfig", "/nowhere/at/all", "--context", ""}, []string{failed}},
		"files":                    {[]string{"create", "-f", ""}, []string{"yaml", "yml", ":8"}},
		"folders":                  {[]string{"plan", "--manifests", ""}, []string{":16"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := completed(gpk(append([]string{"__complete"}, test.line...)...))
			if strings.Join(got, " ") != strings.Join(test.want, " ") {
				t.Errorf("offered is %q, want %q", got, test.want)
			}
		})
	}
}
