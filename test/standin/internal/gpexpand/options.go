package gpexpand

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/utility"
)

type options struct {
	input    string
	clean    bool
	rollback bool
	analyze  bool
	duration string
	end      string
	tarDir   string
	parallel int // tables at once
	width    int
	simple   bool
	args     []string

	stop time.Time // when to begin no more tables; zero for never
}

// The letters are not those of other utilities: -a is not "do not ask".
func parseOptions(env utility.Environment) (options, error) {
	var o options
	flags := pflag.NewFlagSet(env.Name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVarP(&o.input, "input", "i", "", "file with the new segments")
	flags.BoolVarP(&o.clean, "clean", "c", false, "remove the schema")
	flags.BoolVarP(&o.rollback, "rollback", "r", false, "undo a setup that failed")
	flags.BoolVarP(&o.analyze, "analyze", "a", false, "analyze tables afterwards")
	flags.StringVarP(&o.duration, "duration", "d", "", "for how long tables are moved")
	flags.StringVarP(&o.end, "end", "e", "", "until when")
	flags.StringVarP(&o.tarDir, "tardir", "t", ".", "where the template goes on the new hosts")
	flags.IntVarP(&o.parallel, "parallel", "n", 1, "tables at once")
	flags.IntVarP(&o.width, "batch-size", "B", 16, "hosts at once")
	flags.BoolVarP(&o.simple, "simple-progress", "S", false, "no sizes of tables")
	flags.StringP("hosts-file", "f", "", "only for questions that the stand-in does not ask")
	flags.BoolP("verbose", "v", false, "log more")
	flags.BoolP("silent", "s", false, "do not ask about warnings")
	flags.Bool("hba-hostnames", false, "host names in pg_hba.conf: the stand-in writes no others")
	if err := flags.Parse(env.Args); err != nil {
		return o, err
	}
	o.args = flags.Args()
	return o, o.readTimes(time.Now())
}

// readTimes settles when to stop: the earlier of -d and -e.
func (o *options) readTimes(now time.Time) error {
	if o.end != "" {
		end, err := time.ParseInLocation(time.DateTime, o.end, now.Location())
		if err != nil {
			if end, err = time.ParseInLocation(time.DateOnly, o.end, now.Location()); err != nil {
				return fmt.Errorf("\"-e %s\" ... Specify datetime as YYYY-MM-DD [hh:mm:ss]", o.end)
			}
		}
		o.stop = end
	}
	if o.duration == "" {
		return nil
	}
	d, err := duration(o.duration)
	if err != nil {
		return fmt.Errorf("\"-d %s\" ... Specify duration as [+|-][hours][:minutes[:seconds[.fraction]]]", o.duration)
	}
	if d == 0 { // the original takes none for no limit
		return nil
	}
	if stop := now.Add(d); o.stop.IsZero() || stop.Before(o.stop) {
		o.stop = stop
	}
	return nil
}

// duration reads hours[:minutes[:seconds]].
func duration(text string) (time.Duration, error) {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return 0, errors.New("too many colons")
	}
	var d time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second}[:len(parts)] {
		if parts[i] == "" {
			continue
		}
		n, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			return 0, err
		}
		d += time.Duration(n * float64(unit))
	}
	return d, nil
}

// validate refuses options that make no sense together.
func (r *run) validate() (err error) {
	o := r.opt
	switch {
	case len(o.args) > 0:
		return console.Says("Unknown argument %s", o.args[0])
	case o.parallel < 1 || o.parallel > 96:
		return console.Says("Invalid argument.  parallel value must be >= 1 and <= 96")
	case o.width < 1 || o.width > 128:
		return console.Says("Invalid argument.  -B value must be >= 1 and <= 128")
	case o.end != "" && o.stop.Before(time.Now()):
		return console.Says("End time occurs in the past")
	case o.rollback && o.clean:
		return console.Says("-r and -c options cannot be specified together.")
	}
	r.dir, err = utility.CoordinatorDirectory("")
	return err
}
