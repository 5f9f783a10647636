package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
)

// State is what an instance remembers. It is written before what it tells of
// is made, so it may tell of what isn't there, never the other way.
type State struct {
	Boot      string                     `json:"boot"` // of the host's kernel; no process outlives it
	Network   network.Layout             `json:"network"`
	Nodes     int                        `json:"nodes"`
	Simulated int                        `json:"simulated,omitempty"` // nodes that are none
	Machines  map[string]machine.Process `json:"machines"`            // their inits
}

// errNoState means that the instance is not up, nor half up.
var errNoState = errors.New("the bench is not up; `make bench-up` starts it")

func readState(path string) (*State, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoState
	}
	if err != nil {
		return nil, fmt.Errorf("read the bench's state: %w", err)
	}
	st := &State{}
	if err := json.Unmarshal(data, st); err != nil {
		return nil, fmt.Errorf("read the bench's state in %s: %w; `make bench-down` clears it away", path, err)
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if st.Machines == nil || st.Boot != boot {
		st.Boot, st.Machines = boot, map[string]machine.Process{}
	}
	return st, nil
}

// bootID is the kernel's name for the time since it was started.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the kernel's boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// write goes through a second file: a state that was cut short would be worse than an old one.
func (st *State) write(path string) error {
	data, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return fmt.Errorf("write the bench's state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the bench's state: %w", err)
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the bench's state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write the bench's state: %w", err)
	}
	return nil
}
