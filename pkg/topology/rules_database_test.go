package topology_test

import (
	"fmt"
	"strings"
)

func databaseRules() []rule {
	long := func(n int) string { return strings.Repeat("a", n) }
	const config = "spec.database.config"
	return []rule{
		{"the longest database name", "", "spec/database/name: " + long(63), "spec/database/name: " + long(64), "spec.database.name: "},
		{"a database's name begins with a letter", "", "spec/database/name: _1", "spec/database/name: 1a", `spec.database.name: "1a" is not allowed`},
		{"Greenplum makes postgres itself", "", "spec/database/name: Postgres", "spec/database/name: postgres", `spec.database.name: "postgres" is not allowed`},
		{"databases are in UTF-8", "", "spec/database/locale: de_DE.utf8", "spec/database/locale: de_DE.latin1",
			`spec.database.locale: "de_DE.latin1" is not allowed: the databases are in UTF-8: give de_DE.UTF-8`},
		{"a locale is a word", "", "spec/database/locale: C", "spec/database/locale: C;", `spec.database.locale: "C;" is not allowed: give a locale of the image`},
		{"an extension is made once", "", "spec/database/extensions: [a, b]", "spec/database/extensions: [a, a]", `spec.database.extensions[1]: "a" is not allowed: given twice`},
		{"the longest extension's name", "", "spec/database/extensions: [" + long(63) + "]", "spec/database/extensions: [" + long(64) + "]", "spec.database.extensions[0]: "},
		{"extensions are in lower case", "", "spec/database/extensions: [uuid-ossp]", "spec/database/extensions: [PostGIS]", "spec.database.extensions[0]: "},
		{"passwords are in a Secret", "", "spec/database/passwordSecret: a-b", "spec/database/passwordSecret: a b", "spec.database.passwordSecret: "},

		{"the longest setting's name", "", "spec/database/config/" + long(63) + ": 1", "spec/database/config/" + long(64) + ": 1", config + "[" + long(64) + "]: "},
		{"an extension's setting has one dot", "", "spec/database/config/a.b: 1", "spec/database/config/a.b.c: 1", config + `[a.b.c]: "a.b.c" is not allowed`},
		{"a setting has one value, in whatever letters", "", "spec/database/config: {work_mem: 1MB, work_mem2: 1MB}", "spec/database/config: {WORK_MEM: 1MB, work_mem: 1MB}",
			config + "[work_mem]: given twice, as WORK_MEM too"},
		{"the longest value", "", "spec/database/config/a: " + long(1000), "spec/database/config/a: " + long(1001), config + "[a]: "},
		{"a value is on one line", "", `spec/database/config/a: "b c"`, `spec/database/config/a: "b\nc"`, config + `[a]: "b\nc" is not allowed: give one line`},
		{"a value ends no quote", "", `spec/database/config/a: '"$user"'`, `spec/database/config/a: "it's"`, config + `[a]: "it's" is not allowed: a value has no single quote`},
		{"a value escapes nothing", "", `spec/database/config/a: /`, `spec/database/config/a: \`, config + `[a]: "\\" is not allowed`},
		{"a value is something", "", `spec/database/config/a: ' '`, `spec/database/config/a: ''`, config + "[a]: empty: give a value"},
		{"gpk says where the data is", "", "spec/database/config/data_sync_retry: off", "spec/database/config/Data_Directory: /x", config + "[Data_Directory]: reserved: "},
		{"resource groups need a cgroup", "", "spec/database/config/gp_resource_manager: queue", "spec/database/config/gp_resource_manager: GROUP",
			config + `[gp_resource_manager]: "GROUP" is not allowed: give queue or none`},
	}
}

func tlsRules() []rule {
	const own, given = "spec/tls/selfSigned: true", "spec/tls/secret: clients"
	return []rule{
		{"a certificate comes from somewhere", "spec/tls/required: true", own, "spec/tls/selfSigned: false", "spec.tls: the certificate is missing: give secret, or"},
		{"a certificate comes from one place", given, "spec/tls/selfSigned: false", own, "spec.tls: give secret or selfSigned, not both"},
		{"the Secret of a certificate is no Secret of gpk's", "", given, "spec/tls/secret: demo-tls", `spec.tls.secret: "demo-tls" is not allowed: it is the name`},
		{"the Secret of a certificate has no key of the pods", "", given, "spec/tls/secret: demo-ssh", `spec.tls.secret: "demo-ssh" is not allowed: it is the Secret with`},
		{"a Secret has a name", "", given, "spec/tls/secret: a b", `spec.tls.secret: "a b" is not allowed`},
		{"further names are those of hosts", own, `spec/tls/names: ["*.example.com", 10.0.0.1]`, "spec/tls/names: [a b]", `spec.tls.names[0]: "a b" is not allowed`},
		{"a further name is given once", own, "spec/tls/names: [a, b]", "spec/tls/names: [a, a]", `spec.tls.names[1]: "a" is not allowed: given twice`},
		{"nobody comes in without TLS", own + "; spec/tls/required: true", "spec/database/hba: [host all all all md5]", "spec/database/hba: [hostnossl all all all md5]",
			"spec.database.hba[0]: hostnossl lets clients in without TLS"},
	}
}

func hbaRules() []rule {
	hba := func(why, inside, outside, complaint string) rule {
		field := func(line string) string { return "spec/database/hba: ['" + strings.ReplaceAll(line, "'", "''") + "']" }
		return rule{why, "", field(inside), field(outside), fmt.Sprintf("spec.database.hba[0]: %q is not allowed: %s", outside, complaint)}
	}
	return []rule{
		hba("hba: the kinds of connections", "hostnogssenc all all all md5", "hostgss all all all md5", "the first word is one of local, host,"),
		hba("hba: a local line has four words", "local all all peer", "local all peer", "give: local DATABASE USER METHOD"),
		hba("hba: another one has five", "host all all all md5", "host all all md5", "give: host DATABASE USER ADDRESS METHOD"),
		hba("hba: a list with spaces is one word", `host a, b all all md5`, `host a b all all md5`, "the method is one of"),
		hba("hba: a name in quotes has spaces", `host "my db" all all md5`, `host my db all all md5`, "the method is one of"),
		hba("hba: a quote is closed", `host "my db" all all md5`, `host "my db all all md5`, "a quote is not closed"),
		hba("hba: comments are cluster.yaml's", `host all all all md5`, `host all all all md5 #`, "a quote is not closed, or there is a comment"),
		hba("hba: an address has no bits behind its mask", "host all all 10.0.0.0/8 md5", "host all all 10.0.0.1/8 md5", "the address has bits set behind its mask: give 10.0.0.0/8"),
		hba("hba: an address has a mask", "host all all 10.0.0.1 255.255.255.255 md5", "host all all 10.0.0.1 md5", "an address needs its mask: give 10.0.0.1/32"),
		hba("hba: both are of one kind", "host all all fd00:: ffff:: md5", "host all all fd00:: 255.0.0.0 md5", "the address and its mask are of one kind"),
		hba("hba: a domain begins with a dot", "host all all .example.com md5", "host all all *.example.com md5", "the fourth word is an address such as"),
		hba("hba: the servers' methods", "host all all all reject", "host all all all none", "the method is one of scram-sha-256, md5, "),
		hba("hba: trust is for the pod itself", "local all all trust", "host all all all trust", "trust lets anyone in"),
		hba("hba: peer is for the pod itself", "local all all peer", "host all all all peer", "peer works for local connections only"),
		hba("hba: gss is for others", "hostgssenc all all all gss", "local all all gss", "gss does not work for local connections"),
		hba("hba: a certificate comes by TLS", "hostssl all all all cert", "hostnossl all all all cert", "cert works for hostssl only"),
		hba("hba: options are pairs", "hostssl all all all md5 clientcert=1", "hostssl all all all md5 clientcert", "behind the method there are only options"),
		hba("hba: an option has a name", "host all all all gss include_realm=0", "host all all all gss =0", "behind the method there are only options"),
		hba("hba: where LDAP looks", `host all all all ldap ldapserver=l ldapbasedn="dc=example, dc=com"`, "host all all all ldap ldapserver=l", "ldap needs ldapurl,"),
		hba("hba: RADIUS has a secret", "host secret_db all all md5", "host all all all radius radiusservers=r", "radius needs a secret in its line, and gpk"),
		// In single quotes YAML would fold the lines.
		{"hba: a line is one line", "", `spec/database/hba: ["host all all\tall md5"]`, `spec/database/hba: ["local all all md5\nhost all all all md5"]`,
			`spec.database.hba[0]: "local all all md5\nhost all all all md5" is not allowed: give one line of pg_hba.conf`},
	}
}

func settingRules() []rule {
	const field = "spec.database.config"
	config := func(why, beside, inside, outside, fault string) rule {
		prefixed := func(fields string) string {
			var all []string
			for one := range strings.SplitSeq(fields, "; ") {
				all = append(all, "spec/database/config/"+one)
			}
			return strings.Join(all, "; ")
		}
		return rule{"settings: " + why, beside, prefixed(inside), prefixed(outside), field + fault}
	}
	memory := func(coordinator, segment string) string {
		return "spec/coordinator/resources: {limits: {memory: " + coordinator + "}}; spec/segments/resources: {limits: {memory: " + segment + "}}"
	}
	const alone = "spec/coordinator/standby: false; spec/segments/mirrors: false"
	return []rule{
		config("connections beside the reserved ones", "", "max_connections: 11", "max_connections: 10", `[max_connections]: "10" is not allowed: give 11 to 87381`),
		config("fewer reserved, fewer connections", "", "superuser_reserved_connections: 3; max_connections: 4", "superuser_reserved_connections: 3; max_connections: 3",
			`[max_connections]: "3" is not allowed: give 4 to 87381`),
		config("three times as many stay below PostgreSQL's most", "", "max_connections: 87381", "max_connections: 87382", `[max_connections]: "87382" is not allowed`),
		config("a whole number of connections", "", "max_connections: ' 100 '", "max_connections: '1e2'", `[max_connections]: "1e2" is not allowed`),
		// 1024 - 421 of vmem leave 603 MB, and 128 of buffers leave 475. Each connection takes 2 * 64 kB, and its square / 64 kB more.
		config("the shared memory of the coordinator's connections", memory("1Gi", "64Gi"), "max_connections: 2825", "max_connections: 2826",
			`[max_connections]: "2826" is not allowed: give at most 2825, or the pod more memory: the shared memory for more does not fit`),
		config("the segments have three times as many", memory("64Gi", "2Gi"), "max_connections: 2800", "max_connections: 20000",
			`[max_connections]: "20000" is not allowed: give at most 2`),
		config("fewer given buffers leave room for more", memory("1Gi", "64Gi"), "max_connections: 3000; shared_buffers: 1MB", "max_connections: 3000",
			`[max_connections]: "3000" is not allowed`),
		config("prepared transactions take shared memory", memory("1Gi", "64Gi"), "max_prepared_transactions: 1000", "max_prepared_transactions: 20000",
			`[max_prepared_transactions]: "20000" is not allowed: give less, or the pod more memory: `),
		config("each session may prepare a transaction", "", "max_prepared_transactions: 250", "max_prepared_transactions: 249",
			`[max_prepared_transactions]: "249" is not allowed: give at least max_connections, 250`),
		config("as many as the given connections", "", "max_connections: 300; max_prepared_transactions: 300", "max_connections: 300; max_prepared_transactions: 299",
			`[max_prepared_transactions]: "299" is not allowed: give at least max_connections, 300`),
		config("a connection is left for users", "", "superuser_reserved_connections: 249", "superuser_reserved_connections: 250",
			`[superuser_reserved_connections]: "250" is not allowed: give 1 to 249`),
		config("a connection is left for gpk", "", "superuser_reserved_connections: 1", "superuser_reserved_connections: 0",
			`[superuser_reserved_connections]: "0" is not allowed: give 1 to 249`),
		config("the least vmem", "", "gp_vmem_protect_limit: 52", "gp_vmem_protect_limit: 51", `[gp_vmem_protect_limit]: "51" is not allowed: give a whole number of MB`),
		config("vmem has no unit", "", "gp_vmem_protect_limit: 8192", "gp_vmem_protect_limit: 8192MB", `[gp_vmem_protect_limit]: "8192MB" is not allowed: give a whole number of MB`),
		// 512 MB of shared_buffers are derived from 4 GB.
		config("vmem beside the derived buffers", memory("4Gi", "4Gi"), "gp_vmem_protect_limit: 3584", "gp_vmem_protect_limit: 3585",
			`[gp_vmem_protect_limit]: "3585" is not allowed: shared_buffers of 512 MB and gp_vmem_protect_limit of 3585 MB exceed`),
		config("vmem in the pod's memory", memory("8Gi", "4Gi"), "gp_vmem_protect_limit: 3584", "gp_vmem_protect_limit: 4097",
			`[gp_vmem_protect_limit]: "4097" is not allowed: give at most 4096 MB, an instance's part of the memory of a segment pod`),
		config("an instance has its part only", memory("4Gi", "8Gi")+"; spec/segments/perPod: 4", "gp_vmem_protect_limit: 1792", "gp_vmem_protect_limit: 1793",
			`[gp_vmem_protect_limit]: "1793" is not allowed: shared_buffers of 256 MB and gp_vmem_protect_limit of 1793 MB exceed an instance's part, 2048 MB`),
		config("the least buffers", "", "shared_buffers: 128kB", "shared_buffers: 127kB", `[shared_buffers]: "127kB" is not allowed: give an amount with its unit`),
		config("buffers have a unit", "", "shared_buffers: 1 GB", "shared_buffers: 16384", `[shared_buffers]: "16384" is not allowed: give an amount with its unit`),
		config("PostgreSQL's letters of units", "", "shared_buffers: 1024kB", "shared_buffers: 1024KB", `[shared_buffers]: "1024KB" is not allowed`),
		// 1686 MB of vmem are derived from 4 GB.
		config("buffers beside the derived vmem", memory("4Gi", "4Gi"), "shared_buffers: 2410MB", "shared_buffers: 2411MB",
			`[shared_buffers]: "2411MB" is not allowed: shared_buffers of 2411 MB and gp_vmem_protect_limit of 1686 MB exceed an instance's part, 4096 MB`),
		config("a part of a MB counts as one", memory("4Gi", "4Gi"), "shared_buffers: 2467840kB", "shared_buffers: 2467841kB", `[shared_buffers]: "2467841kB" is not allowed`),
		config("both given fit together", memory("4Gi", "4Gi"), "shared_buffers: 3GB; gp_vmem_protect_limit: 1024", "shared_buffers: 3GB; gp_vmem_protect_limit: 1025",
			`[gp_vmem_protect_limit]: "1025" is not allowed: shared_buffers of 3072 MB`),
		// From 256 GB on the buffers are taken off before: 256 * 0.95 - 7.5 GB are 241356 MB, of which 61 leave 52 MB of vmem.
		config("large buffers leave no vmem", memory("256Gi", "256Gi"), "shared_buffers: 241295MB", "shared_buffers: 241296MB",
			`[shared_buffers]: "241296MB" is not allowed: it leaves 51 MB for gp_vmem_protect_limit`),
		config("the least of a statement", "", "statement_mem: 1000kB", "statement_mem: 999kB", `[statement_mem]: "999kB" is not allowed: give an amount with its unit`),
		config("a statement below Greenplum's most", "", "statement_mem: 2047999kB", "statement_mem: 2000MB", `[statement_mem]: "2000MB" is not allowed: give less than 2000MB, or a higher`),
		config("a statement below the given most", "", "max_statement_mem: 4GB; statement_mem: 4095MB", "max_statement_mem: 4GB; statement_mem: 4096MB",
			`[statement_mem]: "4096MB" is not allowed: give less than max_statement_mem, 4GB`),
		config("the least of the most", "", "max_statement_mem: 1025kB", "max_statement_mem: 999kB", `[max_statement_mem]: "999kB" is not allowed`),
		config("a mirror takes two senders while it is made", "", "max_wal_senders: 2", "max_wal_senders: 1", `[max_wal_senders]: "1" is not allowed: give 2 at least`),
		config("a mirror takes a slot", "", "max_replication_slots: 1", "max_replication_slots: 0", `[max_replication_slots]: "0" is not allowed: give 1 at least`),
		config("a crash loses nothing", "", "fsync: yes", "fsync: off", `[fsync]: "off" is not allowed: give on: an instance whose node crashes`),
		config("a torn page is mended", "", "full_page_writes: 1", "full_page_writes: F", `[full_page_writes]: "F" is not allowed: give on`),
		config("a commit waits for its copies", "", "synchronous_commit: remote_apply", "Synchronous_Commit: remote_write",
			`[Synchronous_Commit]: "remote_write" is not allowed: give on or remote_apply: `),
		config("a commit is not acknowledged by one side", "", "synchronous_commit: ON", "synchronous_commit: local", `[synchronous_commit]: "local"`),
		config("a commit is not acknowledged before it is written", "", "synchronous_commit: true", "synchronous_commit: '0'", `[synchronous_commit]: "0"`),
		config("damage is not passed over", "", "zero_damaged_pages: of", "zero_damaged_pages: t", `[zero_damaged_pages]: "t" is not allowed: give off`),
		config("checksums count", "", "ignore_checksum_failure: 0", "ignore_checksum_failure: 1", `[ignore_checksum_failure]: "1" is not allowed: give off`),
		config("a failed write is a failure", "", "data_sync_retry: no", "data_sync_retry: yes", `[data_sync_retry]: "yes" is not allowed: give off`),
		config("an instance comes back", "", "restart_after_crash: on", "restart_after_crash: n", `[restart_after_crash]: "n" is not allowed: give on`),
		config("gpk can write", "", "default_transaction_read_only: off", "default_transaction_read_only: on", `[default_transaction_read_only]: "on"`),
		config("gpk can quote", "", "standard_conforming_strings: on", "standard_conforming_strings: off", `[standard_conforming_strings]: "off"`),
		config("the standby says that it follows", "", "update_process_title: on", "update_process_title: off",
			`[update_process_title]: "off" is not allowed: give on: gpk failover`),
		config("nobody passes by pg_hba.conf", "", "gp_reject_internal_tcp_connection: on", "gp_reject_internal_tcp_connection: off",
			`[gp_reject_internal_tcp_connection]: "off" is not allowed: give on`),
		config("a switch is a switch", "", "fsync: tru", "fsync: o", `[fsync]: "o" is not allowed: give on`),
		config("a cut-off coordinator acknowledges nothing", "", "wal_sender_timeout: 1min", "wal_sender_timeout: 59s",
			`[wal_sender_timeout]: "59s" is not allowed: give 60s at least, or 0 for no limit: `),
		config("milliseconds without a unit", "", "wal_sender_timeout: 60000", "wal_sender_timeout: 59999", `[wal_sender_timeout]: "59999"`),
		config("no limit is the longest", "", "wal_sender_timeout: 0", "wal_sender_timeout: 0.1s", `[wal_sender_timeout]: "0.1s"`),
		config("a time is a time", "", "wal_sender_timeout: 1.5 min", "wal_sender_timeout: 1.5 hours", `[wal_sender_timeout]: "1.5 hours"`),
		config("a lost coordinator is noticed", "", "wal_receiver_timeout: 60s", "wal_receiver_timeout: 61s", `[wal_receiver_timeout]: "61s"`),
		config("a lost coordinator is noticed at all", "", "wal_receiver_timeout: 1", "wal_receiver_timeout: 0", `[wal_receiver_timeout]: "0"`),
		config("a copy says what it has", "", "wal_receiver_status_interval: 1", "wal_receiver_status_interval: 400ms", `[wal_receiver_status_interval]: "400ms"`),
		config("a copy says often what it has", "", "wal_receiver_status_interval: 10s", "wal_receiver_status_interval: 11s", `[wal_receiver_status_interval]: "11s"`),
		config("a dead mirror is marked while gpk waits", "", "gp_fts_mark_mirror_down_grace_period: 30", "gp_fts_mark_mirror_down_grace_period: 31",
			`[gp_fts_mark_mirror_down_grace_period]: "31" is not allowed: give 30s at most`),
		config("a primary is looked at", "", "gp_fts_probe_interval: 5min", "gp_fts_probe_interval: 301", `[gp_fts_probe_interval]: "301" is not allowed: give 10s to 300s`),
		config("a busy primary answers in time", "", "gp_fts_probe_timeout: 5", "gp_fts_probe_timeout: 4s", `[gp_fts_probe_timeout]: "4s" is not allowed: give 5s to 60s`),
		config("one lost answer is none", "", "gp_fts_probe_retries: 1", "gp_fts_probe_retries: 0", `[gp_fts_probe_retries]: "0" is not allowed: give 1 to 20`),
		config("a segment that is cut off is given up", "", "gp_segment_connect_timeout: 180", "gp_segment_connect_timeout: 0",
			`[gp_segment_connect_timeout]: "0" is not allowed: give 1s to 180s`),
		config("a list of certificates is in every pod", "", "ssl_crl_file: /etc/tls/crl", "ssl_crl_file: crl",
			`[ssl_crl_file]: "crl" is not allowed: give the absolute path of a file that every pod mounts`),
		config("a certificate is on no instance's volume", "", "ssl_crl_file: /greenplums/crl", "ssl_crl_file: /etc/../greenplum/crl", `[ssl_crl_file]: "/etc/../greenplum/crl"`),
		{"settings: without copies there are no senders", "spec/database/config/max_wal_senders: 0", alone, "spec/coordinator/standby: false",
			field + `[max_wal_senders]: "0" is not allowed`},
		{"settings: the standby is a copy too", "spec/database/config/max_replication_slots: 0", alone, "spec/segments/mirrors: false",
			field + `[max_replication_slots]: "0" is not allowed`},
	}
}
