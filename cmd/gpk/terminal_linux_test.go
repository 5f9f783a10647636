package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// person types at a terminal. keyboard is the person's end of it, and screen that of gpk.
func person(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	var number, locked int32
	err = errors.Join(ioctl(keyboard, syscall.TIOCGPTN, &number), ioctl(keyboard, syscall.TIOCSPTLCK, &locked))
	if err == nil {
		screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _, _ = keyboard.Close(), screen.Close() })
	return keyboard, screen
}

func ioctl(file *os.File, request uintptr, value *int32) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
		return errno
	}
	return nil
}

// types runs gpk for a person who types a line, and answers with what gpk has said.
func types(t *testing.T, line string, args ...string) ran {
	t.Helper()
	keyboard, screen := person(t)
	if _, err := keyboard.WriteString(" " + line + " \n"); err != nil {
		t.Fatal(err)
	}
	var out, err strings.Builder
	code := run(t.Context(), args, streams{screen, &out, &err})
	return ran{code, out.String(), err.String()}
}

// Data is deleted for who types the cluster's name, and for nobody else.
func TestDeleteAsksForTheName(t *testing.T) {
	for line, want := range map[string]struct {
		status int
		says   string
	}{
		"demo":  {0, "demo and its data are deleted"},
		"":      {2, "the deletion of the data of demo was not confirmed: nothing was deleted"},
		"yes":   {2, "was not confirmed"},
		"demo2": {2, "was not confirmed"},
	} {
		s := &shelf{}
		s.serve(t, "analytics")
		s.record(t, clusterOf(t, "7.1.0", "x/greenplum"), nil)
		s.put(claimOfDemo, aClaim())
		types(t, line, "delete", "--delete-data").wants(t, want.status, "This deletes all data of demo in namespace analytics for ever. "+
			"Type its name to continue: ", want.says)
		if s.has(claimOfDemo) != (want.status != 0) {
			t.Errorf("%q: the volume is left: %t", line, s.has(claimOfDemo))
		}
	}
}

// A question is answered by y alone, by --yes, and by nobody with no.
func TestAgreed(t *testing.T) {
	for line, want := range map[string]bool{"y": true, "Y": true, "yes": false, "n": false, "": false} {
		keyboard, screen := person(t)
		if _, err := keyboard.WriteString(" " + line + " \n"); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if got := newApp(streams{in: screen, err: &text}).agreed("Go on?"); got != want || text.String() != "Go on? [y/N] " {
			t.Errorf("%q: %t after %q", line, got, text.String())
		}
	}
	var text strings.Builder
	a := newApp(streams{in: strings.NewReader("y\n"), err: &text})
	if a.agreed("Go on?") || text.Len() > 0 {
		t.Errorf("nobody is there, and has agreed or was asked %q", text.String())
	}
	a.settings.Set("yes", true)
	if !a.agreed("Go on?") || text.Len() > 0 {
		t.Errorf("--yes has not answered %q", text.String())
	}
}

// A terminal gets a spinner, which leaves nothing behind, unless it is to be quiet or to show everything.
func TestSpinnerOnTerminalsOnly(t *testing.T) {
	_, screen := person(t)
	for name, want := range map[string]bool{"": true, "quiet": false, "verbose": false} {
		a := newApp(streams{err: screen})
		if name != "" {
			a.settings.Set(name, true)
		}
		p := a.progress()
		p.start("waiting")
		time.Sleep(10 * time.Millisecond)
		if spins := p.spin != nil && p.spin.Active(); spins != want {
			t.Errorf("%q: it spins: %t", name, spins)
		}
		p.stop()
		if p.spin != nil && p.spin.Active() {
			t.Errorf("%q: it spins for ever", name)
		}
	}
	if newApp(streams{err: &strings.Builder{}}).progress().spin != nil {
		t.Error("it spins in a file")
	}
}
