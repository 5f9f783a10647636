package main

import (
	"errors"
	"flag"
	"os/exec"
	"strconv"
	"testing"

	"github.com/go-logr/logr"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/klog/v2"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts")

// TestMain makes the test binary gpk itself when a script calls gpk.
func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	testscript.Main(m, map[string]func(){"gpk": main})
}

// TestScripts runs testdata/script: what a user types, and what gpk answers, without any API server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"status": expectStatus},
		Setup: func(env *testscript.Env) error {
			// No kubeconfig, no settings and no colour of whoever runs the tests.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("KUBECONFIG", env.WorkDir+"/kubeconfig")
			return nil
		},
	})
}

// expectStatus is the command `status N PROGRAM...`: the program ends with just that exit status.
func expectStatus(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, and not %d", got, want)
	}
}
