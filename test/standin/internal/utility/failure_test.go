package utility

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"gpk/test/standin/internal/console"
)

func TestMisused(t *testing.T) {
	flags := pflag.NewFlagSet("gpstop", pflag.ContinueOnError)
	flags.Usage = func() {}
	for _, c := range []struct {
		err  error
		said string
	}{
		{flags.Parse([]string{"--no-such-flag"}), "no such option: --no-such-flag\n"},
		{flags.Parse([]string{"-Z"}), "no such option: -Z\n"},
		{errors.New("option -M: invalid choice: 'gently'"), "option -M: invalid choice: 'gently'\n"},
	} {
		var said strings.Builder
		status := Environment{Name: "gpstop", Stderr: &said}.Misused(c.err)
		if want := "Usage: gpstop [options]\n\ngpstop: error: " + c.said; status != 2 || said.String() != want {
			t.Errorf("%v: exit status %d, said %q", c.err, status, said.String())
		}
	}
}

func TestFail(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "postgresql.conf")
	_, err := os.ReadFile(missing)
	for _, c := range []struct {
		err  error
		want string
	}{
		{err, "[CRITICAL]:-gpstart failed. (Reason='[Errno 2] No such file or directory: '" + missing + "'') exiting...\n"},
		{errors.New("it runs"), "[ERROR]:-gpstart error: it runs\n"},
	} {
		var said strings.Builder
		log := console.Open(console.Options{Utility: "gpstart", Dir: t.TempDir(), Screen: &said, Now: time.Now})
		(&Utility{Environment: Environment{Name: "gpstart"}, Log: log}).Fail(c.err)
		if !strings.HasSuffix(said.String(), c.want) {
			t.Errorf("%v: said %q", c.err, said.String())
		}
	}
}
