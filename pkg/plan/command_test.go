package plan

import (
	"slices"
	"testing"
)

// What is written can be read again: the record of a cluster keeps commands as lines.
func TestCommandLines(t *testing.T) {
	for line, want := range map[string]Command{
		"gpk failover":                           {"failover"},
		"gpk resize -f cluster.yaml":             {"resize", "-f", "cluster.yaml"},
		"gpk resize -f 'my cluster.yaml'":        {"resize", "-f", "my cluster.yaml"},
		"gpk upgrade --version 7.2.0 --image ''": {"upgrade", "--version", "7.2.0", "--image", ""},
	} {
		if got := want.String(); got != line {
			t.Errorf("%q is written as %q", want, got)
		}
		if got := ReadCommand(line); !slices.Equal(got, want) {
			t.Errorf("%q is read as %q", line, got)
		}
	}
	both := Gpk("expand")
	if more := both.With("--resume"); more.String() != "gpk expand --resume" || both.String() != "gpk expand" {
		t.Errorf("%q became %q", both, more)
	}
	if !Gpk("create", "-f", "x").HasFile() || Gpk("status").HasFile() {
		t.Error("a file is not seen")
	}
}
