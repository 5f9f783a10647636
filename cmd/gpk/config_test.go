package main

import (
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
