package main

import (
	"encoding/json"
	"runtime"
	"testing"
)

// A release says the version that the linker has set, and any other build what Go knows of it.
func TestVersion(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	version = "1.2.3"
	t.Cleanup(func() { version = "" })
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if r := typed(t, "", "version"); r.out != "gpk 1.2.3, "+runtime.Version()+", "+platform+"\n" || r.status != 0 {
		t.Errorf("%+v", r)
	}
	// As most programs do.
	if r := typed(t, "", "--version"); r.out != "gpk 1.2.3, "+runtime.Version()+", "+platform+"\n" || r.err != "" || r.status != 0 {
		t.Errorf("%+v", r)
	}
	for _, set := range []string{"1.2.3", ""} {
		version = set
		var v versionInfo
		r := typed(t, "", "version", "-o", "json")
		if err := json.Unmarshal([]byte(r.out), &v); err != nil || v.Go != runtime.Version() || v.Platform != platform || set != "" && v.Version != set {
			t.Errorf("%v: %+v", err, v)
		}
	}
}
