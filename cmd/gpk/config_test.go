package main

import (
	"encoding/json"
	"strings"
	"testing"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

func clusterOf(t *testing.T, version, image string) *topology.Cluster {
	t.Helper()
	c, err := topology.Load([]byte("apiVersion: gpk/v1alpha1\nkind: GreenplumCluster\nmetadata: {name: demo, namespace: analytics}\n"+
		"spec: {version: \""+version+"\", image: \""+image+"\", segments: {count: 1}}\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseSettings(t *testing.T) {
	given, err := parseSettings([]string{"Work_Mem=64MB", "search_path=a=b"})
	if err != nil || len(given) != 2 || given[0] != (segments.Setting{Name: "work_mem", Value: "64MB"}) || given[1].Value != "a=b" {
		t.Errorf("%+v, %v", given, err)
	}
	_, err = parseSettings([]string{"work_mem", "x=", "y=1", "Y=2"})
	if err == nil || status(err) != exitUsage {
		t.Fatalf("%v", err)
	}
	for _, word := range []string{`"work_mem" is not NAME=VALUE`, "x has no value", "y is given twice"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not in %v", word, err)
		}
	}
}

// shownSettings are one of each kind that config show tells apart.
var shownSettings = []segments.ServerSetting{
	{Name: "block_size", Value: "32768", Context: "internal"},
	{Name: "gp_hidden", Value: "on", Context: segments.Hidden},
	{Name: "max_connections", Value: "250", Context: "postmaster"},
	{Name: "shared_buffers", Value: "125MB", Context: "postmaster", Pending: true},
	{Name: "work_mem", Value: "32MB", Context: "user"},
}

func TestConfigShow(t *testing.T) {
	f := &fleet{settings: shownSettings}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	asked := []string{"config", "show", "block_size", "gp_hidden", "MAX_connections", "shared_buffers", "work_mem"}
	r := gpk(asked...)
	r.wants(t, 0)
	for name, takes := range map[string]string{
		"block_size":      "-",
		"gp_hidden":       "not reported by the server",
		"max_connections": "restart",
		"shared_buffers":  "restart; another value waits for it",
		"work_mem":        "reload",
	} {
		found := false
		for line := range strings.Lines(r.out) {
			if strings.HasPrefix(line, name+" ") {
				found = strings.Contains(line, "  "+takes+"  ")
			}
		}
		if !found {
			t.Errorf("%s: %q is not in\n%s", name, takes, r.out)
		}
	}
	// gpk says where it has a value from, and of the server's own nothing.
	gpk("config", "show", "block_size", "gp_hidden", "max_connections", "shared_buffers", "work_mem").wants(t, 0, "16 MiB", "an eighth of an instance's memory")

	var shown []map[string]any
	r = gpk(append(asked, "-o", "json")...)
	r.wants(t, 0)
	if err := json.Unmarshal([]byte(r.out), &shown); err != nil || len(shown) != len(shownSettings) {
		t.Fatalf("%v, %v", err, shown)
	}
	if last := shown[3]; last["name"] != "shared_buffers" || last["value"] != "125MB" || last["pending"] != true || last["why"] == nil {
		t.Errorf("%v", last)
	}
	if _, has := shown[4]["why"]; has {
		t.Errorf("gpk has not given work_mem: %v", shown[4])
	}
}

// A name that the server does not know is an error, with and without others, and no half of an answer is printed.
func TestConfigShowOfUnknownNames(t *testing.T) {
	f := &fleet{settings: shownSettings[4:]}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	for _, more := range [][]string{nil, {"-o", "json"}} {
		r := gpk(append([]string{"config", "show", "work_mem", "no_such_thing"}, more...)...)
		r.wants(t, 1, "the server has no setting no_such_thing")
		if r.out != "" {
			t.Errorf("printed was %q", r.out)
		}
	}
}

// What is wrong with a command line is found before the API server is asked.
func TestConfigSetIsCheckedFirst(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	gpk("config", "set", "work_mem").wants(t, 2, `"work_mem" is not NAME=VALUE`)
	gpk("config", "set").wants(t, 2, "requires at least 1 arg")
	gpk("config", "get").wants(t, 2, `unknown command "get"`)
	gpk("config").wants(t, 0, "config set changes server settings")
	if len(f.asked) > 0 || len(f.Requests) > 0 {
		t.Errorf("asked %q, requests %q", f.asked, f.Requests)
	}
}
