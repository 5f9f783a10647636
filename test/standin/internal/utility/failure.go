package utility

import (
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"gpk/test/standin/internal/console"
)

// Misused tells what is wrong with a command line, and gives the exit status of that.
func (e Environment) Misused(err error) int {
	e.Complain("Usage: %s [options]\n\n%s: error: %s\n", e.Name, e.Name, misuse(err))
	return 2
}

// misuse puts an unknown option into the words of Python's option parser.
func misuse(err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err.Error()
	}
	return "no such option: " + option(unknown)
}

func option(unknown *pflag.NotExistError) string {
	if unknown.GetSpecifiedShortnames() != "" {
		return "-" + unknown.GetSpecifiedName()
	}
	return "--" + unknown.GetSpecifiedName()
}

// Fail logs why the utility gives up. A file that is not there is what the original has not expected, and tells as its
// language does.
func (u *Utility) Fail(err error) {
	var path *fs.PathError
	if errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) {
		u.Log.Print(console.Critical, "%s failed. (Reason='[Errno 2] No such file or directory: '%s'') exiting...", u.Name, path.Path)
		return
	}
	u.Log.Print(console.Error, "%s error: %v", u.Name, err)
}

// FailUnexpectedly logs what the original has not expected at all.
func (u *Utility) FailUnexpectedly(err error) {
	var path *fs.PathError
	if errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) {
		u.Fail(err)
		return
	}
	u.Log.Print(console.Critical, "%s failed. (Reason='%v') exiting...", u.Name, err)
}
