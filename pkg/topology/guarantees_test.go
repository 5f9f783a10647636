package topology_test

import (
	"strings"
	"testing"

	"gpk/pkg/topology"
)

// A cluster that was made with what a later gpk refuses can be worked with: only what a change brings is a fault.
func TestValidateChange(t *testing.T) {
	before, err := topology.Recorded(edited(t, "spec/database/config: {fsync: 'off', wal_sender_timeout: 10s}"), "")
	if err != nil {
		t.Fatal(err)
	}
	if before.Validate() == nil {
		t.Fatal("nothing is wrong with it")
	}
	for edit, fault := range map[string]string{
		"spec/database/config: {fsync: 'off', wal_sender_timeout: 10s, work_mem: 1MB}": "",
		"spec/database/config: {}":                                                             "",
		"spec/database/config: {fsync: 'off', wal_sender_timeout: 9s}":                         `wal_sender_timeout]: "9s" is not allowed`,
		"spec/database/config: {fsync: 'off', wal_sender_timeout: 10s, full_page_writes: '0'}": `full_page_writes]: "0" is not allowed`,
	} {
		after, err := topology.Recorded(edited(t, edit), "")
		if err != nil {
			t.Fatal(err)
		}
		err = after.ValidateChange(before)
		if fault == "" && err != nil || fault != "" && (err == nil || !strings.Contains(err.Error(), fault) || strings.Contains(err.Error(), "fsync")) {
			t.Errorf("%s: error %v, want %q", edit, err, fault)
		}
	}
}
