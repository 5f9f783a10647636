package passthrough

import (
	"strings"

	"gpk/test/standin/internal/instance"
)

// Directory is the data directory in the server's arguments, if they start a
// server at all and do not only ask something.
func Directory(args []string) string {
	dir := ""
	for i, a := range args {
		switch {
		case a == "--single", a == "--boot", a == "--check", a == "-C", a == "--version", a == "-V", a == "--describe-config":
			return ""
		case a == "-D" && i+1 < len(args):
			dir = args[i+1]
		case strings.HasPrefix(a, "-D"):
			dir = a[2:]
		}
	}
	return dir
}

// Role is the gp_role in the server's arguments.
func Role(args []string) string {
	for _, a := range args {
		a = strings.TrimPrefix(strings.TrimPrefix(a, "--"), "-c")
		if role, ok := strings.CutPrefix(a, "gp_role="); ok {
			return role
		}
	}
	return ""
}

// withoutGreenplum takes settings out that only Greenplum knows: -c name=value,
// -cname=value and --name=value.
func withoutGreenplum(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-c" && i+1 < len(args) && greenplum(args[i+1]):
			i++
		case strings.HasPrefix(a, "-c") && greenplum(a[2:]), strings.HasPrefix(a, "--") && greenplum(a[2:]):
		default:
			out = append(out, a)
		}
	}
	return out
}

func greenplum(setting string) bool {
	name, _, found := strings.Cut(setting, "=")
	name = strings.ReplaceAll(name, "-", "_")
	return found && instance.GreenplumOnly(name)
}
