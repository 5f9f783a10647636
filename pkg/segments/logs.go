package segments

import (
	"strconv"
	"strings"
	"time"
)

// Logs prints the ends of the logs of a pod's instances: so many lines of each, all for -1, not older than since, unless it
// is 0. Following, it goes on until its standard input ends. LogLine reads what it prints.
func Logs(lines int64, since time.Duration, follow bool) Command {
	mode := "end"
	if follow {
		mode = "follow"
	}
	return Script("logs.sh", strconv.FormatInt(lines, 10), strconv.FormatInt(int64(since.Seconds()), 10), mode)
}

// LogLine is the name of the instance that a line is of, such as gpseg0, and its text.
func LogLine(line string) (instance, text string) {
	instance, text, found := strings.Cut(line, "\t")
	if !found {
		return "", line
	}
	return instance, text
}
