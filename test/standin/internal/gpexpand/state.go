package gpexpand

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Steps of a setup, as the status file has them. From catalogueDone on there is
// no way back.
const (
	uninitialized   = "UNINITIALIZED"
	prepareStarted  = "EXPANSION_PREPARE_STARTED"
	templateStarted = "BUILD_SEGMENT_TEMPLATE_STARTED"
	templateDone    = "BUILD_SEGMENT_TEMPLATE_DONE"
	segmentsStarted = "BUILD_SEGMENTS_STARTED"
	segmentsDone    = "BUILD_SEGMENTS_DONE"
	catalogueBegun  = "UPDATE_CATALOG_STARTED"
	catalogueDone   = "UPDATE_CATALOG_DONE"
	schemaStarted   = "SETUP_EXPANSION_SCHEMA_STARTED"
	schemaDone      = "SETUP_EXPANSION_SCHEMA_DONE"
	tablesStarted   = "PREPARE_EXPANSION_SCHEMA_STARTED"
	tablesDone      = "PREPARE_EXPANSION_SCHEMA_DONE"
	prepareDone     = "EXPANSION_PREPARE_DONE"
)

// state is the status file in the coordinator's directory: how far a setup has
// come that has not ended.
type state struct {
	path  string
	steps []string
	about map[string]string // what a step has noted
}

func readState(dir string) (state, error) {
	s := state{path: filepath.Join(dir, "gpexpand.status"), about: map[string]string{}}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(data)) {
		step, about, _ := strings.Cut(strings.TrimSpace(line), ":")
		s.steps = append(s.steps, step)
		s.about[step] = about
	}
	return s, nil
}

func (s *state) begun() bool { return len(s.steps) > 0 }

func (s *state) has(step string) bool { return slices.Contains(s.steps, step) }

// online tells whether the catalogue has the new segments.
func (s *state) online() bool { return s.has(catalogueDone) }

// reached notes a step, with what is to be known of it.
func (s *state) reached(step, about string) error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.steps = append(s.steps, step)
	s.about[step] = about
	if about == "" {
		about = "None"
	}
	_, err = fmt.Fprintf(f, "%s:%s\n", step, about)
	return errors.Join(err, f.Sync(), f.Close())
}

// forget removes the file: the setup has ended, or never was.
func (s *state) forget() error {
	s.steps = nil
	if err := os.Remove(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
