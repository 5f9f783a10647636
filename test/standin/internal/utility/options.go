package utility

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// Options are those that nearly every utility has.
type Options struct {
	Dir    string // -d, the coordinator's directory
	LogDir string // -l
	Yes    bool   // -a, do not ask
	Quiet  bool   // -q, nothing to the screen
	Width  int    // -B, hosts at once
}

// Flags are a utility's options, those of its own beside the common ones. A
// letter that a utility has another use for is not common to it.
type Flags struct {
	*pflag.FlagSet
	options *Options
}

// NewFlags begins a utility's options. The long names of -l and -d vary.
func NewFlags(utility, logDir, dir string) Flags {
	f := Flags{pflag.NewFlagSet(utility, pflag.ContinueOnError), &Options{}}
	f.SetOutput(io.Discard)
	f.SortFlags = false
	f.StringVarP(&f.options.LogDir, logDir, "l", "", "directory of the log file")
	if dir != "" {
		f.StringVarP(&f.options.Dir, dir, "d", "", "data directory of the coordinator")
	}
	f.BoolVarP(&f.options.Yes, "yes", "a", false, "do not ask")
	f.BoolVarP(&f.options.Quiet, "quiet", "q", false, "nothing to the screen")
	return f
}

// Parallel adds -B, and -v, of the utilities that work on segments.
func (f Flags) Parallel(width int) {
	f.IntVarP(&f.options.Width, "parallel", "B", width, "hosts at once")
	f.BoolP("verbose", "v", false, "log more")
}

// Read parses a command line.
func (f Flags) Read(args []string) (Options, error) {
	err := f.Parse(args)
	if f.options.Dir != "" {
		f.options.Dir = filepath.Clean(f.options.Dir)
	}
	return *f.options, err
}

// Confirmed asks on standard input, unless -a was given. Nobody there is a no.
func (o Options) Confirmed(e Environment, question string) bool {
	if o.Yes {
		return true
	}
	e.Say("\n%s Yy|Nn (default=N):\n> ", question)
	var answer string
	_, _ = fmt.Fscanln(os.Stdin, &answer)
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes"
}
