package console

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func testLog(t *testing.T, screen *bytes.Buffer, quiet bool) *Log {
	t.Helper()
	l := Open(Options{Utility: "gpstart", User: "gpadmin", Home: t.TempDir(), Quiet: quiet, Screen: screen,
		Now: func() time.Time { return time.Date(2026, 11, 22, 10, 30, 4, 0, time.UTC) }})
	l.prefix, l.pid = "gpstart:coordinator-1:gpadmin", 936
	return l
}

func TestLineHasTheOriginalsForm(t *testing.T) {
	var screen bytes.Buffer
	testLog(t, &screen, false).Info("Starting gpstart with args: %s", "-a")
	const want = "20261122:10:30:04:000936 gpstart:coordinator-1:gpadmin-[INFO]:-Starting gpstart with args: -a\n"
	if screen.String() != want {
		t.Errorf("%q, not %q", screen.String(), want)
	}
}

func TestQuietStillWritesTheFile(t *testing.T) {
	var screen bytes.Buffer
	l := testLog(t, &screen, true)
	l.Print(Error, "lost")
	l.Raw(".")
	if screen.Len() != 0 {
		t.Errorf("the screen has %q", screen.String())
	}
	data, err := os.ReadFile(l.Path())
	if err != nil || !strings.Contains(string(data), "[ERROR]:-lost") {
		t.Errorf("the file %s has %q, %v", l.Path(), data, err)
	}
	if !strings.HasSuffix(l.Path(), "/gpAdminLogs/gpstart_20261122.log") {
		t.Errorf("log file %s", l.Path())
	}
}

func TestTable(t *testing.T) {
	var screen bytes.Buffer
	var table Table
	table.Row("Successful segment starts", "= 7")
	table.RowOrWarn(true, "Skipped segment starts (segments are marked down in configuration)", "= 1")
	table.Print(testLog(t, &screen, false))
	lines := strings.Split(screen.String(), "\n")
	for i, want := range []string{
		"[INFO]:-   Successful segment starts                                            = 7",
		"[WARNING]:-Skipped segment starts (segments are marked down in configuration)   = 1   <<<<<<<<",
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("%q does not end in %q", lines[i], want)
		}
	}
	if !table.HasWarnings() {
		t.Error("the warning is not known")
	}
}
