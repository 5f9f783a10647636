package segments

import (
	"fmt"
	"regexp"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"gpk/pkg/topology"
)

// InitSystem makes a new cluster with its primaries and mirrors. InitStandby makes the standby, in a step of its own.
//
// The input file is read by bash, so every value is quoted. The arrays' form, host~address~port~dir~dbid~content, is that
// of gpinitsystem 7 and of 6 from 6.24 on. HBA_HOSTNAMES=0 writes the addresses of the moment into pg_hba.conf, which gpk
// replaces once gpinitsystem is done: reverse DNS gives the pods other names than their hosts'. maxConnections is the coordinator's;
// gpinitsystem gives the segments three times as many.
// Every value of settings survives gpinitsystem.
func InitSystem(t topology.Topology, locale, maxConnections string, settings []Setting) Utility {
	var b strings.Builder
	b.WriteString("ARRAY_NAME='gpk'\nTRUSTED_SHELL=ssh\nENCODING=UNICODE\nHBA_HOSTNAMES=0\n")
	fmt.Fprintf(&b, "QD_PRIMARY_ARRAY=%s\n", shellescape.Quote(entry(t.Coordinator())))
	writeArray(&b, "PRIMARY_ARRAY", t.Segments(topology.Primary))
	if mirrors := t.Segments(topology.Mirror); len(mirrors) > 0 {
		writeArray(&b, "MIRROR_ARRAY", mirrors)
	}
	utility := Utility{
		Argv:  []string{"gpinitsystem", "-a", "-I", "gpinitsystem.conf", "-n", locale, "-m", maxConnections},
		Files: []File{{"gpinitsystem.conf", b.String()}},
	}
	var additions strings.Builder
	for _, s := range settings {
		// initdb takes shared_buffers too, and a setting of the -p file costs gpinitsystem up to six calls over ssh for each primary.
		if s.Name == "shared_buffers" && megabytes.MatchString(s.Value) {
			utility.Argv = append(utility.Argv, "-b", s.Value)
		} else {
			fmt.Fprintf(&additions, "%s=%s\n", s.Name, s.Value)
		}
	}
	if additions.Len() > 0 {
		utility.Argv = append(utility.Argv, "-p", "settings.conf")
		utility.Files = append(utility.Files, File{"settings.conf", additions.String()})
	}
	return utility
}

// simpleValue is what survives gpinitsystem's handling of its -p file: it deletes all spaces, hands the lines to sed, and
// to the segments through a remote shell that eats quotes.
var simpleValue = regexp.MustCompile(`^[A-Za-z0-9_.+-]+$`) //nolint:gochecknoglobals // compiled once, never changed

// SurvivesInitSystem reports whether gpinitsystem can give a value to the instances.
func SurvivesInitSystem(value string) bool { return simpleValue.MatchString(value) }

// megabytes is a size that initdb writes into postgresql.conf as it was given.
var megabytes = regexp.MustCompile(`^[1-9][0-9]*MB$`) //nolint:gochecknoglobals // compiled once, never changed

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
