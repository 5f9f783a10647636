package topology

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// guarantee is what keeps some settings from undoing a promise of gpk or Greenplum: no acknowledged row is lost, the catalogue and the
// standby say what is so, and nobody comes in who should not.
type guarantee struct {
	names string
	// keeps reports whether a value keeps the promise.
	keeps func(Setting) bool
	// give is what is allowed, and why is what another value would do.
	give, why string
}

func guarantees() []guarantee {
	return []guarantee{
		{"fsync full_page_writes", is(true), "give on", "an instance whose node crashes would lose acknowledged rows"},
		{"synchronous_commit", commitsEverywhere, "give on or remote_apply",
			"the standby or a mirror would take over without rows that were acknowledged"},
		{"zero_damaged_pages ignore_checksum_failure ignore_invalid_pages", is(false), "give off",
			"the server would pass over damaged rows in silence"},
		{"data_sync_retry", is(false), "give off", "the server would continue after a failed write, and lose the rows in it"},
		{"restart_after_crash", is(true), "give on", "an instance would stay down after one of its sessions crashed"},
		{"default_transaction_read_only", is(false), "give off", "gpk and Greenplum's utilities could not write"},
		{"standard_conforming_strings", is(true), "give on", "gpk and Greenplum's utilities quote names and values by it"},
		{"update_process_title", is(true), "give on", "gpk failover could not see how long the standby has followed the coordinator"},
		{"gp_reject_internal_tcp_connection", is(true), "give on", "connections could pass by pg_hba.conf"},
		{"db_user_namespace", is(false), "give off", "the server would not find gpk's role " + administrator},
		{"wal_sender_timeout", lasts(time.Millisecond, time.Minute, 0, true), "give 60s at least, or 0 for no limit",
			"a coordinator that is cut off would acknowledge rows that its standby lacks"},
		{"wal_receiver_timeout", lasts(time.Millisecond, time.Millisecond, time.Minute, false), "give more than 0, and 60s at most",
			"a standby would seem to follow a coordinator that is gone"},
		{"wal_receiver_status_interval", lasts(time.Second, time.Second, 10*time.Second, false), "give 1s to 10s",
			"gpk could not tell whether a standby follows, and commits might wait for what it has already"},
		{"gp_fts_mark_mirror_down_grace_period", lasts(time.Second, 0, 30*time.Second, true), "give 30s at most",
			"gpk waits 45s, and would take a dead mirror for one in sync"},
		{"gp_fts_probe_interval", lasts(time.Second, 10*time.Second, 5*time.Minute, false), "give 10s to 300s",
			"a mirror would take over from a lost primary too late"},
		{"gp_fts_probe_timeout", lasts(time.Second, 5*time.Second, time.Minute, false), "give 5s to 60s",
			"a mirror would take over from a primary that is only busy, or too late from a lost one"},
		{"gp_fts_probe_retries", between(1, 20), "give 1 to 20",
			"a mirror would take over from a primary that is only busy, or too late from a lost one"},
		{"gp_segment_connect_timeout", lasts(time.Second, time.Second, 3*time.Minute, false), "give 1s to 180s",
			"a segment that is cut off would keep a new coordinator from answering"},
		{"ssl_crl_file ssl_dh_params_file krb_server_keyfile", mounted,
			"give the absolute path of a file that every pod mounts, by spec.podTemplate, outside of " + VolumeMount + " and /tmp",
			"a recreated instance would not find it and would not start"},
	}
}

// administrator is gpk's role, which package segments owns.
const administrator = "gpadmin"

// keptGuarantees refuses values of config that would undo a guarantee.
func (v *validator) keptGuarantees(c *Cluster, at *field.Path) {
	for _, name := range sortedKeys(c.Spec.Database.Config) {
		value, lower := c.Spec.Database.Config[name], strings.ToLower(name)
		for _, g := range guarantees() {
			if slices.Contains(strings.Fields(g.names), lower) && !g.keeps(value) {
				v.refuse(at.Key(name), string(value), "%s: %s", g.give, g.why)
			}
		}
	}
}

// boolean is a value as PostgreSQL reads it, which takes the first letters of a word for it. Nil: it is none.
func boolean(value Setting) *bool {
	text := strings.ToLower(string(value))
	begins := func(words ...string) bool {
		return text != "" && slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, text) })
	}
	yes := text == "on" || text == "1" || begins("true", "yes")
	if !yes && text != "of" && text != "off" && text != "0" && !begins("false", "no") {
		return nil
	}
	return &yes
}

func is(wanted bool) func(Setting) bool {
	return func(value Setting) bool {
		given := boolean(value)
		return given != nil && *given == wanted
	}
}

// commitsEverywhere reports whether a commit waits until its copies have written it to their disks.
func commitsEverywhere(value Setting) bool {
	return slices.Contains([]string{"on", "true", "yes", "1", "remote_apply"}, strings.ToLower(string(value)))
}

func between(least, most int64) func(Setting) bool {
	return func(value Setting) bool {
		n, ok := wholeSetting(value)
		return ok && n >= least && n <= most
	}
}

// lasts accepts times from least to most. A most of 0 is none. zero: 0 is accepted, whatever the least is.
func lasts(unit, least, most time.Duration, zero bool) func(Setting) bool {
	return func(value Setting) bool {
		given, ok := timeSetting(value, unit)
		return ok && (given == 0 && zero || given >= least && (most == 0 || given <= most) && given > 0)
	}
}

// timeValue is a number with one of PostgreSQL's units of time, or without one.
var timeValue = regexp.MustCompile(`^\s*([0-9]{1,9}(?:\.[0-9]{0,9})?)\s*(us|ms|s|min|h|d|)\s*$`)

// timeSetting is a setting of time, and whether it is one. The unit is the setting's own, which counts where the value has none.
func timeSetting(value Setting, unit time.Duration) (time.Duration, bool) {
	match := timeValue.FindStringSubmatch(string(value))
	if match == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(match[1], 64)
	units := map[string]time.Duration{"": unit, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute,
		"h": time.Hour, "d": 24 * time.Hour}
	length := n * float64(units[match[2]])
	// A server rounds to its own unit: what is less than half of one is 0 to it.
	return time.Duration(min(length, float64(1<<62))).Round(unit), err == nil
}

// mounted reports whether a path leads to what neither an instance nor its container owns.
func mounted(value Setting) bool {
	given := string(value)
	if !path.IsAbs(given) {
		return false
	}
	return !slices.ContainsFunc([]string{VolumeMount, "/tmp", "/var/tmp", "/run", "/proc", "/dev"}, func(own string) bool {
		return strings.HasPrefix(path.Clean(given)+"/", own+"/")
	})
}
