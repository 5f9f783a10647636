package segments

import "strings"

// ConvertScript calls a verb of convert.sh for data directories: check or files. What an earlier gpk made has hosts with full names.
func ConvertScript(verb string, dirs ...string) Command {
	return Script("convert.sh", append([]string{verb}, dirs...)...)
}

// ConvertCatalogue gives the hosts in the catalogue the names of their pods. It runs in the coordinator's pod, while the database is
// stopped.
func ConvertCatalogue() Utility { return Utility{Argv: ConvertScript("catalogue").Argv} }

// ParseConvert reads what convert.sh printed: the files that are not converted yet, such as /greenplum/primary/gpseg0/pg_hba.conf.
func ParseConvert(out string) (old []string, err error) {
	return parseInstanceFiles(out, "old", "the answer about files of an earlier gpk was")
}

// FullName reports whether a host has its namespace and domain in its name, as earlier gpks called hosts.
func FullName(host string) bool { return strings.Contains(host, ".") }

// FullNames are the hosts in the catalogue with such names.
func (c Catalogue) FullNames() []string {
	var hosts []string
	for _, row := range c {
		if FullName(row.Host) || FullName(row.Address) {
			hosts = append(hosts, row.Host)
		}
	}
	return hosts
}
