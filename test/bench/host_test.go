//go:build linux

package main

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"gpk/test/bench/internal/cluster"
)

func TestEnoughDisk(t *testing.T) {
	if err := enoughDisk("/d", neededDisk); err != nil {
		t.Errorf("just enough is refused: %v", err)
	}
	err := enoughDisk("/d", neededDisk-1)
	if err == nil || !strings.Contains(err.Error(), "/d") || strings.Contains(err.Error(), "\n") {
		t.Errorf("too little: %v; want one line that names the disk", err)
	}
}

func TestCheckDiskOfAFolderToBeMade(t *testing.T) {
	if err := checkDisk("/nowhere/at/all"); err != nil && !strings.Contains(err.Error(), "/ has") {
		t.Errorf("a folder that is not there yet: %v", err)
	}
}

func TestCheckRoot(t *testing.T) {
	if err := checkRoot(0); err != nil {
		t.Error(err)
	}
	if err := checkRoot(1000); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("not root: %v; want one line", err)
	}
}

func TestPrintStatus(t *testing.T) {
	var out bytes.Buffer
	printStatus(&out, cluster.Status{API: "https://10.200.0.2:6443", Machines: []cluster.MachineStatus{
		{Name: "switch", PID: 7, State: "running"},
		{Name: "node1", Address: netip.MustParseAddr("10.200.0.11"), PID: 12, State: "dead"},
	}})
	want := `API server: https://10.200.0.2:6443
MACHINE  ADDRESS      INIT  STATE
switch   -            7     running
node1    10.200.0.11  12    dead
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
