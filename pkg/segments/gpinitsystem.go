package segments

import (
	"fmt"
	"regexp"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"gpk/pkg/topology"
)

// InitSystem makes a new cluster with its primaries and mirrors. The standby is left to InitStandby: a step of its own can
// be repeated on its own.
//
// The input file is read by bash, so every value is quoted. The arrays' form, host~address~port~dir~dbid~content, is that
// of gpinitsystem 7 and of 6 from 6.24 on. HBA_HOSTNAMES=1 writes names instead of addresses into pg_hba.conf, since a
// pod's address changes. maxConnections is the coordinator's; gpinitsystem gives the segments three times as many.
// Every value of settings survives gpinitsystem.
func InitSystem(t topology.Topology, locale, maxConnections string, settings []Setting) Utility {
	var b strings.Builder
	b.WriteString("ARRAY_NAME='gpk'\nTRUSTED_SHELL=ssh\nENCODING=UNICODE\nHBA_HOSTNAMES=1\n")
	fmt.Fprintf(&b, "QD_PRIMARY_ARRAY=%s\n", shellescape.Quote(entry(t.Coordinator())))
	writeArray(&b, "PRIMARY_ARRAY", t.Segments(topology.Primary))
	if mirrors := t.Segments(topology.Mirror); len(mirrors) > 0 {
		writeArray(&b, "MIRROR_ARRAY", mirrors)
	}
	utility := Utility{
		Argv:  []string{"gpinitsystem", "-a", "-I", "gpinitsystem.conf", "-n", locale, "-m", maxConnections},
		Files: []File{{"gpinitsystem.conf", b.String()}},
	}
	buffers, settings := sharedBuffers(settings)
	if buffers != "" {
		utility.Argv = append(utility.Argv, "-b", buffers)
	}
	if additions := additions(settings); additions != "" {
		utility.Argv = append(utility.Argv, "-p", "settings.conf")
		utility.Files = append(utility.Files, File{"settings.conf", additions})
	}
	return utility
}

// simpleValue is what survives gpinitsystem's handling of its -p file: it deletes all spaces, hands the lines to sed, and
// to the segments through a remote shell that eats quotes.
var simpleValue = regexp.MustCompile(`^[A-Za-z0-9_.+-]+$`) //nolint:gochecknoglobals // compiled once, never changed

// SurvivesInitSystem tells whether gpinitsystem can give a value to the instances.
func SurvivesInitSystem(value string) bool { return simpleValue.MatchString(value) }

// megabytes is a size that initdb writes into postgresql.conf as it was given.
var megabytes = regexp.MustCompile(`^[1-9][0-9]*MB$`) //nolint:gochecknoglobals // compiled once, never changed

// sharedBuffers takes shared_buffers out of the settings, if initdb can give it to the instances: a setting of the -p file costs
// gpinitsystem up to six calls over ssh for each primary.
func sharedBuffers(settings []Setting) (value string, rest []Setting) {
	for _, s := range settings {
		if s.Name == "shared_buffers" && megabytes.MatchString(s.Value) {
			value = s.Value
		} else {
			rest = append(rest, s)
		}
	}
	return value, rest
}

// additions is the -p file, which gpinitsystem gives to the coordinator and to every primary.
func additions(settings []Setting) string {
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "%s=%s\n", s.Name, s.Value)
	}
	return b.String()
}

func writeArray(b *strings.Builder, name string, instances []topology.Instance) {
	fmt.Fprintf(b, "declare -a %s=(\n", name)
	for _, instance := range instances {
		fmt.Fprintf(b, "%s\n", shellescape.Quote(entry(instance)))
	}
	fmt.Fprintf(b, ")\n")
}

func entry(i topology.Instance) string {
	return fmt.Sprintf("%s~%s~%d~%s~%d~%d", i.Host, i.Host, i.Port, i.Dir, i.DBID, i.Content)
}
