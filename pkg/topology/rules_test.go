package topology_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gpk/pkg/topology"
)

// edited is a good cluster.yaml in which fields have other values, each written as PATH: VALUE, the path with slashes.
func edited(t testing.TB, edits ...string) []byte {
	t.Helper()
	root := map[string]any{}
	for _, edit := range append([]string{
		"apiVersion: gpk/v1alpha1", "kind: GreenplumCluster", "metadata/name: demo", "metadata/namespace: sales",
		"spec/version: 7.1.0", "spec/image: registry.example/greenplum", "spec/segments/count: 4",
	}, edits...) {
		path, text, _ := strings.Cut(edit, ": ")
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatalf("%s: %v", edit, err)
		}
		names := strings.Split(path, "/")
		inner := root
		for _, name := range names[:len(names)-1] {
			next, ok := inner[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				inner[name] = next
			}
			inner = next
		}
		inner[names[len(names)-1]] = value
	}
	data, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rule is what validation refuses, by a value just within what is allowed and one just outside.
type rule struct {
	// why is what the rule keeps from happening, or what is at its edge.
	why string
	// beside are fields that both files have, separated by "; ".
	beside string
	// inside and outside are fields of the two files, separated by "; ".
	inside, outside string
	// fault is what the only fault of the second file begins with, the field and a colon and so on.
	fault string
}

func (r rule) files(t testing.TB) (inside, outside []byte) {
	t.Helper()
	file := func(fields string) []byte {
		var edits []string
		for edit := range strings.SplitSeq(r.beside+"; "+fields, "; ") {
			if edit != "" {
				edits = append(edits, edit)
			}
		}
		return edited(t, edits...)
	}
	return file(r.inside), file(r.outside)
}

func allRules() []rule {
	var all []rule
	for _, rules := range [][]rule{clusterRules(), databaseRules(), hbaRules(), settingRules(), podRules(), templateRules()} {
		all = append(all, rules...)
	}
	return all
}

// Each rule has an edge: one file on either side of it, and of the refused one just the one fault, with its line.
func TestRules(t *testing.T) {
	for _, rule := range allRules() {
		t.Run(rule.why, func(t *testing.T) {
			inside, outside := rule.files(t)
			if c, err := topology.Load(inside, ""); err != nil {
				t.Errorf("allowed, and refused all the same:\n%s%v", inside, err)
			} else if err := c.Validate(); err != nil {
				t.Errorf("loaded, but not valid: %v", err)
			}
			_, err := topology.Load(outside, "")
			var faults topology.Faults
			if !errors.As(err, &faults) || len(faults) != 1 {
				t.Fatalf("error %v, want one fault of\n%s", err, outside)
			}
			if got := strings.TrimPrefix(faults[0].String(), fmt.Sprintf("line %d: ", faults[0].Line)); !strings.HasPrefix(got, rule.fault) {
				t.Errorf("%q, want %q", got, rule.fault)
			}
			name, line := lastName(faults[0].Field), strings.Split(string(outside), "\n")[faults[0].Line-1]
			if strings.Contains(string(outside), name+":") && !strings.Contains(line, name) {
				t.Errorf("%s is not on line %d: %q", faults[0].Field, faults[0].Line, line)
			}
		})
	}
}

// lastName is the last part of a field's path, as it stands in the file, or "" for an entry of a list.
func lastName(field string) string {
	if strings.HasSuffix(field, "]") {
		open := strings.LastIndex(field, "[")
		if key := field[open+1 : len(field)-1]; strings.Trim(key, "0123456789") != "" {
			return key
		}
		return ""
	}
	return field[strings.LastIndex(field, ".")+1:]
}

func clusterRules() []rule {
	long := func(n int) string { return strings.Repeat("a", n) }
	return []rule{
		{"the file is of this version", "", "apiVersion: gpk/v1alpha1", "apiVersion: gpk/v1beta1",
			`apiVersion: "gpk/v1beta1" is not allowed: give gpk/v1alpha1`},
		{"the file is of this kind", "", "kind: GreenplumCluster", "kind: greenplumcluster", `kind: "greenplumcluster" is not allowed`},
		{"a Service's name begins with a letter", "", "metadata/name: d1", "metadata/name: 1d", `metadata.name: "1d" is not allowed`},
		// 12 + 14 + 1 + 12 + 1 + 5 + 5 + 13 = 63 for aaaaaaaaaaaa-coordinator-1.aaaaaaaaaaaa.sales.svc.cluster.local
		{"the longest host name", "", "metadata/name: " + long(12), "metadata/name: " + long(13),
			`metadata.name: "` + long(13) + `" is not allowed: the host name ` + long(13) + "-coordinator-1." + long(13) +
				".sales.svc.cluster.local has 65 characters"},
		{"the domain counts as well", "metadata/name: " + long(12), "spec/network/clusterDomain: cluster.local",
			"spec/network/clusterDomain: clusters.local", "metadata.name: "},
		{"the namespace counts as well", "metadata/name: " + long(12), "metadata/namespace: sales", "metadata/namespace: saless", "metadata.name: "},
		{"a namespace is one label", "", "metadata/namespace: a-b", "metadata/namespace: a.b", `metadata.namespace: "a.b" is not allowed`},
		{"the first release", "", "spec/version: 7.0.0", "spec/version: 6.99.99", `spec.version: "6.99.99" is not allowed: give 7.0.0 or a later`},
		{"a release has three numbers", "", "spec/version: '7.1.0'", "spec/version: '7.1'", `spec.version: "7.1" is not allowed`},
		{"the longest build", "", "spec/version: 7.1.0-" + long(64), "spec/version: 7.1.0-" + long(65), "spec.version: "},
		{"a version that is no tag needs one beside it", "", "spec/version: 7.1.0+dev; spec/image: r.example/g:dev", "spec/version: 7.1.0+dev",
			`spec.version: "7.1.0+dev" is not allowed: it can't be the tag`},
		{"a registry's port is no tag", "spec/version: 7.1.0+dev", "spec/image: r.example:5000/g@sha256:" + strings.Repeat("0", 64),
			"spec/image: r.example:5000/g", "spec.version: "},
		{"the longest reference", "", "spec/image: r.example/" + long(245), "spec/image: r.example/" + long(246), "spec.image: "},
		{"a repository is in lower case", "", "spec/image: R.example/g", "spec/image: r.example/G", `spec.image: "r.example/G" is not allowed`},
		{"a digest is a whole one", "", "spec/image: g@sha256:" + strings.Repeat("f", 32), "spec/image: g@sha256:" + strings.Repeat("f", 31), "spec.image: "},
		{"how the image is pulled", "", "spec/imagePullPolicy: Never", "spec/imagePullPolicy: never",
			`spec.imagePullPolicy: "never" is not allowed: give Always, IfNotPresent or Never`},
		{"a Secret's name", "", "spec/imagePullSecrets: [a.b]", "spec/imagePullSecrets: [a_b]", `spec.imagePullSecrets[0]: "a_b" is not allowed`},
		{"at least one primary", "", "spec/segments/count: 1", "spec/segments/count: 0", "spec.segments.count: 0 is not allowed: give 1 to 10000"},
		{"the most primaries", "metadata/namespace: s", "spec/segments/count: 10000", "spec/segments/count: 10001",
			"spec.segments.count: 10001 is not allowed: give 1 to 10000"},
		{"at least one in a pod", "", "spec/segments/perPod: 1", "spec/segments/perPod: 0", "spec.segments.perPod: 0 is not allowed: give 1 to 100"},
		{"the most in a pod", "spec/segments/storage: {size: 1Ti}", "spec/segments/perPod: 100", "spec/segments/perPod: 101",
			"spec.segments.perPod: 101 is not allowed: give 1 to 100"},
		// 40000 bytes for each letter of the name, and 687780 for the rest of 20000 names: 8 letters fit into 1044480 bytes.
		{"the names of all hosts fit in a ConfigMap", "metadata/namespace: s; spec/segments/count: 10000", "metadata/name: salesdwh",
			"metadata/name: salesdwhs", "spec.segments.count: 10000 is not allowed: the names of 20002 hosts take "},
		{"without mirrors there is room for more", "metadata/name: salesdwhs; metadata/namespace: s",
			"spec/segments/count: 10000; spec/segments/mirrors: false", "spec/segments/count: 10000", "spec.segments.count: 10000 is not allowed: the names"},
		{"the domain of the cluster is DNS's", "", "spec/network/clusterDomain: a.b", "spec/network/clusterDomain: a..b",
			`spec.network.clusterDomain: "a..b" is not allowed`},
		{"clients come by a Service that has an address", "", "spec/network/service/type: NodePort", "spec/network/service/type: ExternalName",
			`spec.network.service.type: "ExternalName" is not allowed: give ClusterIP, NodePort or LoadBalancer`},
		{"an annotation's key has a name", "", "spec/network/service/annotations: {a.b/c: ''}", "spec/network/service/annotations: {a b: ''}",
			"spec.network.service.annotations: "},
	}
}

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
		{"gpk says where the data is", "", "spec/database/config/data_sync_retry: on", "spec/database/config/Data_Directory: /x", config + "[Data_Directory]: reserved: "},
		{"resource groups need a cgroup", "", "spec/database/config/gp_resource_manager: queue", "spec/database/config/gp_resource_manager: GROUP",
			config + `[gp_resource_manager]: "GROUP" is not allowed: give queue or none`},
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
		hba("hba: RADIUS has a secret", "host all all all radius radiusservers=r radiussecrets=s", "host all all all radius radiusservers=r", "radius needs "),
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
		// 1024 - 421 of vmem leave 603 MB, of which each connection of the coordinator takes 16 kB.
		config("buffers of the coordinator's connections", memory("1Gi", "64Gi"), "max_connections: 38592", "max_connections: 38593",
			`[max_connections]: "38593" is not allowed: give at most 38592: the shared_buffers for more would not fit`),
		config("given buffers are the file's own affair", memory("1Gi", "64Gi"), "max_connections: 38593; shared_buffers: 1MB", "max_connections: 38593",
			`[max_connections]: "38593" is not allowed`),
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
			`[gp_vmem_protect_limit]: "3585" is not allowed: shared_buffers of 512 MB and gp_vmem_protect_limit of 3585 MB are more than`),
		config("vmem in the pod's memory", memory("8Gi", "4Gi"), "gp_vmem_protect_limit: 3584", "gp_vmem_protect_limit: 4097",
			`[gp_vmem_protect_limit]: "4097" is not allowed: give at most 4096 MB, an instance's part of the memory of a segment pod`),
		config("an instance has its part only", memory("4Gi", "8Gi")+"; spec/segments/perPod: 4", "gp_vmem_protect_limit: 1792", "gp_vmem_protect_limit: 1793",
			`[gp_vmem_protect_limit]: "1793" is not allowed: shared_buffers of 256 MB and gp_vmem_protect_limit of 1793 MB are more than an instance's part, 2048 MB`),
		config("the least buffers", "", "shared_buffers: 128kB", "shared_buffers: 127kB", `[shared_buffers]: "127kB" is not allowed: give an amount with its unit`),
		config("buffers have a unit", "", "shared_buffers: 1 GB", "shared_buffers: 16384", `[shared_buffers]: "16384" is not allowed: give an amount with its unit`),
		config("PostgreSQL's letters of units", "", "shared_buffers: 1024kB", "shared_buffers: 1024KB", `[shared_buffers]: "1024KB" is not allowed`),
		// 1686 MB of vmem are derived from 4 GB.
		config("buffers beside the derived vmem", memory("4Gi", "4Gi"), "shared_buffers: 2410MB", "shared_buffers: 2411MB",
			`[shared_buffers]: "2411MB" is not allowed: shared_buffers of 2411 MB and gp_vmem_protect_limit of 1686 MB are more than an instance's part, 4096 MB`),
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
		{"settings: without copies there are no senders", "spec/database/config/max_wal_senders: 0", alone, "spec/coordinator/standby: false",
			field + `[max_wal_senders]: "0" is not allowed`},
		{"settings: the standby is a copy too", "spec/database/config/max_replication_slots: 0", alone, "spec/segments/mirrors: false",
			field + `[max_replication_slots]: "0" is not allowed`},
	}
}

func podRules() []rule {
	long := func(n int) string { return strings.Repeat("a", n) }
	resources := func(why, inside, outside, fault string) rule {
		field := func(of string) string { return "spec/segments/resources: {" + of + "}" }
		return rule{"resources: " + why, "", field(inside), field(outside), "spec.segments.resources." + fault}
	}
	toleration := func(why, inside, outside, fault string) rule {
		field := func(of string) string { return "spec/coordinator/tolerations: [{" + of + "}]" }
		return rule{"tolerations: " + why, "", field(inside), field(outside), "spec.coordinator.tolerations[0]." + fault}
	}
	return []rule{
		resources("the least memory", "limits: {memory: 128Mi}", "limits: {memory: 131071Ki}", `limits[memory]: "131071Ki" is not allowed: give at least 128Mi`),
		resources("a request is memory too", "requests: {memory: 128Mi}", "requests: {memory: 127Mi}", `requests[memory]: "127Mi" is not allowed: give at least 128Mi`),
		{"resources: the least memory of each instance", "spec/segments/perPod: 3", "spec/segments/resources: {limits: {memory: 384Mi}}",
			"spec/segments/resources: {limits: {memory: 383Mi}}", `spec.segments.resources.limits[memory]: "383Mi" is not allowed: give at least 384Mi, which is 128Mi for each`},
		{"resources: a coordinator's pod has one instance", "spec/segments/perPod: 3", "spec/coordinator/resources: {limits: {memory: 128Mi}}",
			"spec/coordinator/resources: {limits: {memory: 127Mi}}", `spec.coordinator.resources.limits[memory]: "127Mi" is not allowed: give at least 128Mi, which`},
		resources("some of everything", "limits: {cpu: 1m}", "limits: {cpu: 0}", `limits[cpu]: "0" is not allowed: give more than 0`),
		resources("as much as the limit", "requests: {cpu: 1000m}, limits: {cpu: 1}", "requests: {cpu: 1001m}, limits: {cpu: 1}", `requests[cpu]: "1001m" is not allowed: give at most the limit, 1`),
		resources("devices are whole", "limits: {a.b/c: 1000m}", "limits: {a.b/c: 1500m}", `limits[a.b/c]: "1500m" is not allowed: give a whole number`),
		resources("devices are not lent", "requests: {a.b/c: 2}, limits: {a.b/c: 2}", "requests: {a.b/c: 1}, limits: {a.b/c: 2}", `requests[a.b/c]: "1" is not allowed: give just the limit, 2`),
		resources("huge pages have a limit", "requests: {hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 2Mi}", "requests: {hugepages-2Mi: 2Mi}",
			`requests[hugepages-2Mi]: "2Mi" is not allowed: give it under limits`),
		resources("Kubernetes' own names", "limits: {ephemeral-storage: 1Gi}", "limits: {storage: 1Gi}", "limits[storage]: unknown resource: "),
		{"storage: the least", "", "spec/segments/storage: {size: 100Mi}", "spec/segments/storage: {size: 99Mi}", `spec.segments.storage.size: "99Mi" is not allowed: give at least 100Mi`},
		{"storage: the least of each instance", "spec/segments/perPod: 2", "spec/segments/storage: {size: 200Mi}", "spec/segments/storage: {size: 199Mi}",
			`spec.segments.storage.size: "199Mi" is not allowed: give at least 200Mi`},
		{"storage: no class is a class", "", "spec/segments/storage: {className: ''}", "spec/segments/storage: {className: ' '}", "spec.segments.storage.className: "},
		{"pods: the other copy's node", "", "spec/segments/antiAffinity: none", "spec/segments/antiAffinity: None", `spec.segments.antiAffinity: "None" is not allowed: give required, preferred or none`},
		{"pods: what counts as a node", "", "spec/segments/topologyKey: a.b/zone", "spec/segments/topologyKey: a b", `spec.segments.topologyKey: "a b" is not allowed`},
		{"pods: the longest value of a label", "", "spec/segments/nodeSelector: {a: " + long(63) + "}", "spec/segments/nodeSelector: {a: " + long(64) + "}", "spec.segments.nodeSelector[a]: "},
		{"pods: the longest name of a label", "", "spec/segments/nodeSelector/" + long(63) + ": a", "spec/segments/nodeSelector/" + long(64) + ": a", "spec.segments.nodeSelector[" + long(64) + "]: "},
		{"pods: a priority class", "", "spec/coordinator/priorityClassName: high", "spec/coordinator/priorityClassName: High", "spec.coordinator.priorityClassName: "},
		{"pods: a scheduler", "", "spec/coordinator/schedulerName: own", "spec/coordinator/schedulerName: own_", "spec.coordinator.schedulerName: "},
		toleration("every taint", "operator: Exists", "operator: Equal", "key: missing: give the taint's key"),
		toleration("a taint by its key", "key: a", "value: a", "key: missing: give the taint's key"),
		toleration("Exists has no value", "key: a, operator: Exists", "key: a, operator: Exists, value: b", `value: "b" is not allowed: operator Exists takes no value`),
		toleration("an operator", "key: a, operator: Equal, value: b", "key: a, operator: '=', value: b", `operator: "=" is not allowed: give Equal, Exists`),
		toleration("an effect", "key: a, effect: NoSchedule", "key: a, effect: noSchedule", `effect: "noSchedule" is not allowed: give NoSchedule, PreferNoSchedule or NoExecute`),
		toleration("a while on the node", "key: a, effect: NoExecute, tolerationSeconds: 1", "key: a, effect: NoSchedule, tolerationSeconds: 1", "tolerationSeconds: 1 is not allowed"),
		toleration("a key is a label's", "key: a/b", "key: a/b/c", `key: "a/b/c" is not allowed`),
	}
}

func templateRules() []rule {
	const template = "spec.podTemplate.spec."
	in := func(where, why, inside, outside, fault string) rule {
		wrap := func(of string) string { return "spec/podTemplate: " + fmt.Sprintf(where, of) }
		return rule{"podTemplate: " + why, "", wrap(inside), wrap(outside), fault}
	}
	spec := func(why, inside, outside, fault string) rule {
		return in("{spec: {%s}}", why, inside, outside, template+fault)
	}
	pod := func(why, inside, outside, fault string) rule {
		return in("{spec: {securityContext: {%s}}}", why, inside, outside, template+"securityContext."+fault)
	}
	database := func(why, inside, outside, fault string) rule {
		return in("{spec: {containers: [{name: greenplum, %s}]}}", why, inside, outside, template+"containers[0]."+fault)
	}
	sidecar := func(why, inside, outside, fault string) rule {
		return in("{spec: {containers: [{name: backup, %s}]}}", why, inside, outside, template+"containers[0]."+fault)
	}
	init := func(why, inside, outside, fault string) rule {
		return in("{spec: {initContainers: [{name: prepare, %s}]}}", why, inside, outside, template+"initContainers[0]."+fault)
	}
	const notHere = ": not allowed here: "
	return []rule{
		in("{metadata: {labels: {%s: x}}}", "gpk finds pods by its labels", "app.kubernetes.io/part-of", "app.kubernetes.io/instance",
			"spec.podTemplate.metadata.labels[app.kubernetes.io/instance]"+notHere),
		in("{metadata: {%s}}", "a StatefulSet names pods", "labels: {a: b}", "name: a", "spec.podTemplate.metadata.name"+notHere),
		in("{metadata: {%s}}", "the namespace is the cluster's", "annotations: {a: b}", "namespace: a", "spec.podTemplate.metadata.namespace"+notHere),
		in("{metadata: {annotations: {%s: unconfined}}}", "AppArmor by annotations", "container.apparmor/greenplum", "container.apparmor.security.beta.kubernetes.io/a",
			"spec.podTemplate.metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]"+notHere),
		spec("pods restart", "restartPolicy: Always", "restartPolicy: OnFailure", "restartPolicy"+notHere),
		spec("pods have networks of their own", "hostNetwork: false", "hostNetwork: true", "hostNetwork"+notHere),
		spec("pods have processes of their own", "hostPID: false", "hostPID: true", "hostPID"+notHere),
		spec("pods have memory of their own", "hostIPC: false", "hostIPC: true", "hostIPC"+notHere),
		spec("pods have their hosts' names", "terminationGracePeriodSeconds: 1", "subdomain: a", "subdomain"+notHere),
		spec("pods name themselves by their host's", "hostUsers: false", "setHostnameAsFQDN: true", "setHostnameAsFQDN"+notHere),
		spec("pods get no token", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "automountServiceAccountToken"+notHere),
		spec("pods ask the cluster's DNS", "dnsPolicy: ClusterFirst", "dnsPolicy: Default", "dnsPolicy"+notHere),
		spec("gpexpand finds hosts by gpk's domains", "dnsConfig: {nameservers: [10.0.0.1]}", "dnsConfig: {searches: [a.b]}", "dnsConfig.searches"+notHere),
		spec("copies are kept apart by antiAffinity", "affinity: {nodeAffinity: {}}", "affinity: {podAntiAffinity: {}}", "affinity.podAntiAffinity"+notHere),
		spec("nodes are chosen by role", "nodeSelector: {}", "nodeSelector: {a: b}", "nodeSelector"+notHere),
		spec("processes are the container's", "overhead: {cpu: 1}", "shareProcessNamespace: true", "shareProcessNamespace"+notHere),
		spec("a database has no deadline", "runtimeClassName: a", "activeDeadlineSeconds: 1", "activeDeadlineSeconds"+notHere),
		spec("volumes have other names", "volumes: [{name: datas, emptyDir: {}}]", "volumes: [{name: data, emptyDir: {}}]", `volumes[0].name: "data" is not allowed: gpk's own volumes`),
		spec("volumes hold nothing of the node", "volumes: [{name: a, csi: {driver: d}}]", "volumes: [{name: a, hostPath: {path: /}}]", "volumes[0].hostPath"+notHere),
		pod("the volume's group", "fsGroup: 1000", "fsGroup: 1001", "fsGroup"+notHere),
		pod("the database's user", "runAsUser: 1000", "runAsUser: 0", "runAsUser"+notHere),
		pod("the database's group", "runAsGroup: 1000", "runAsGroup: 100", "runAsGroup"+notHere),
		pod("not root", "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"+notHere),
		pod("gpk's own sysctls", "sysctls: []", "sysctls: [{name: a, value: b}]", "sysctls"+notHere),
		pod("calls of the kernel", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", "seccompProfile"+notHere),
		pod("AppArmor", "appArmorProfile: {type: RuntimeDefault}", "appArmorProfile: {type: Unconfined}", "appArmorProfile"+notHere),
		pod("SELinux", "seLinuxOptions: {type: container_init_t, level: s0}", "seLinuxOptions: {type: container_t, user: u}", "seLinuxOptions.user"+notHere),
		database("gpk's directories", "volumeMounts: [{name: a, mountPath: /greenplums}]", "volumeMounts: [{name: a, mountPath: /greenplum/}]",
			`volumeMounts[0].mountPath: "/greenplum/" is not allowed: it would hide one of`),
		database("what holds gpk's directories", "volumeMounts: [{name: a, mountPath: /dev/sh}]", "volumeMounts: [{name: a, mountPath: /dev/../dev}]",
			`volumeMounts[0].mountPath: "/dev/../dev" is not allowed`),
		database("gpk's variables", "env: [{name: GPKX, value: a}]", "env: [{name: GPK_X, value: a}]", `env[0].name: "GPK_X" is not allowed`),
		database("Greenplum's variables", "env: [{name: PGTZ, value: a}]", "env: [{name: PGDATA, value: a}]", `env[0].name: "PGDATA" is not allowed`),
		database("the image is the cluster's", "tty: true", "image: a", "image"+notHere),
		database("gpk's start script", "stdin: true", "args: [a]", "args"+notHere),
		database("gpk's probes", "terminationMessagePath: /a", "startupProbe: {}", "startupProbe"+notHere),
		database("resources are by role", "resources: {}", "resources: {limits: {cpu: 1}}", "resources"+notHere),
		database("ports are the pod's", "ports: [{containerPort: 1}]", "ports: [{containerPort: 1, hostPort: 1}]", "ports[0].hostPort"+notHere),
		database("files are written", "securityContext: {readOnlyRootFilesystem: false}", "securityContext: {readOnlyRootFilesystem: true}", "securityContext.readOnlyRootFilesystem"+notHere),
		database("the owner of the files", "securityContext: {runAsUser: 1000}", "securityContext: {runAsUser: 1001}", "securityContext.runAsUser"+notHere),
		database("capabilities are only taken", "securityContext: {capabilities: {drop: [ALL]}}", "securityContext: {capabilities: {add: [A]}}", "securityContext.capabilities"+notHere),
		database("/proc is masked", "securityContext: {procMount: Default}", "securityContext: {procMount: Unmasked}", "securityContext.procMount"+notHere),
		sidecar("others may be other users", "securityContext: {runAsUser: 1}", "securityContext: {runAsUser: 0}", "securityContext.runAsUser"+notHere),
		sidecar("others have all they want", "image: a, command: [b], volumeMounts: [{name: a, mountPath: /tmp}], securityContext: {readOnlyRootFilesystem: true}",
			"image: a, securityContext: {privileged: true}", "securityContext.privileged"+notHere),
		init("containers before are restricted too", "securityContext: {allowPrivilegeEscalation: false}", "securityContext: {allowPrivilegeEscalation: true}",
			"securityContext.allowPrivilegeEscalation"+notHere),
	}
}
