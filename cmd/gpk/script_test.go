package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary gpk itself when a script calls gpk.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gpk": main})
}

// TestScripts runs testdata/script: what a user types, and what gpk answers, without any API server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			// No kubeconfig, no settings and no colour of whoever runs the tests.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("KUBECONFIG", env.WorkDir+"/kubeconfig")
			return nil
		},
	})
}
