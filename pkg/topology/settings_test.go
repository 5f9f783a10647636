package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

// load is a cluster of one coordinator memory, one segment memory, so many instances in a pod, and settings.
func load(t *testing.T, coordinator, segment string, perPod int, config string) *topology.Cluster {
	t.Helper()
	limit := func(memory string) string {
		if memory == "" {
			return "{}"
		}
		return "{limits: {memory: " + memory + "}}"
	}
	c, err := topology.Load(fmt.Appendf(nil, `
apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: demo}
spec:
  version: 7.1.0
  image: registry.example/greenplum
  coordinator: {resources: %s}
  segments: {count: 8, perPod: %d, resources: %s}
  database: {config: {%s}}
`, limit(coordinator), perPod, limit(segment), config), "default")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSettings(t *testing.T) {
	for _, test := range []struct {
		name, coordinator, segment string
		perPod                     int
		config, want               string
	}{
		{"no memory known", "", "", 1, "", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 125MB 125MB
gp_vmem_protect_limit 8192 8192
statement_mem 125MB 125MB
gp_segment_connect_timeout 30s 30s`},
		{"smallest", "256Mi", "256Mi", 1, "", `
max_connections 50 150
max_prepared_transactions 50 50
shared_buffers 32MB 32MB
gp_vmem_protect_limit 105 105
statement_mem 10MB 10MB
gp_segment_connect_timeout 30s 30s`},
		{"ordinary", "4Gi", "16Gi", 1, "", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 512MB 2048MB
gp_vmem_protect_limit 1686 6746
statement_mem 75MB 75MB
gp_segment_connect_timeout 30s 30s`},
		// A mirror pod whose mirrors were all promoted has four acting primaries, as a primary pod has.
		{"four in a pod", "4Gi", "16Gi", 4, "", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 512MB 512MB
gp_vmem_protect_limit 1686 1686
statement_mem 75MB 75MB
gp_segment_connect_timeout 30s 30s`},
		// (128 - 7.5 - 0.05 * 128) / 1.7 GB / 8 = 8.39 GB, by hand
		{"documented formula", "128Gi", "128Gi", 8, "", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 8192MB 2048MB
gp_vmem_protect_limit 68728 8591
statement_mem 386MB 386MB
gp_segment_connect_timeout 30s 30s`},
		{"at 256 GB and more", "256Gi", "256Gi", 1, "", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 8192MB 8192MB
gp_vmem_protect_limit 199286 199286
statement_mem 1999MB 1999MB
gp_segment_connect_timeout 30s 30s`},
		// (256 - 7.5 - 0.05 * 256 - 64) / 1.17 GB = 146.75 GB, by hand
		{"given buffers are taken off as well", "256Gi", "256Gi", 1, "shared_buffers: 64GB", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 64GB 64GB
gp_vmem_protect_limit 150274 150274
statement_mem 1999MB 1999MB
gp_segment_connect_timeout 30s 30s`},
		{"segments decide connections", "4Gi", "2Gi", 2, "", `
max_connections 64 192
max_prepared_transactions 64 64
shared_buffers 512MB 128MB
gp_vmem_protect_limit 1686 421
statement_mem 18MB 18MB
gp_segment_connect_timeout 30s 30s`},
		{"given", "4Gi", "4Gi", 1, "Max_Connections: 100, shared_buffers: 1GB, statement_mem: 200MB, work_mem: 32MB, optimizer: off", `
max_connections 100 300
max_prepared_transactions 100 100
shared_buffers 1GB 1GB
gp_vmem_protect_limit 1686 1686
statement_mem 200MB 200MB
gp_segment_connect_timeout 30s 30s
optimizer off off
work_mem 32MB 32MB`},
		{"given, and others follow", "4Gi", "4Gi", 1, "gp_vmem_protect_limit: 2000, max_connections: 6000, max_statement_mem: 64MB", `
max_connections 6000 18000
max_prepared_transactions 6000 6000
shared_buffers 512MB 512MB
gp_vmem_protect_limit 2000 2000
max_statement_mem 64MB 64MB
statement_mem 63MB 63MB
gp_segment_connect_timeout 30s 30s`},
		{"the most of a statement before what it bounds", "96Gi", "96Gi", 1, "Max_Statement_Mem: 8GB", `
max_connections 250 750
max_prepared_transactions 250 250
shared_buffers 8192MB 8192MB
gp_vmem_protect_limit 50416 50416
max_statement_mem 8GB 8GB
statement_mem 2268MB 2268MB
gp_segment_connect_timeout 30s 30s`},
		{"buffers follow connections", "512Mi", "512Mi", 1, "max_connections: 1400, gp_vmem_protect_limit: 100", `
max_connections 1400 4200
max_prepared_transactions 1400 1400
shared_buffers 64MB 66MB
gp_vmem_protect_limit 100 100
statement_mem 10MB 10MB
gp_segment_connect_timeout 30s 30s`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			for _, s := range topology.Settings(load(t, test.coordinator, test.segment, test.perPod, test.config)) {
				fmt.Fprintf(&b, "\n%s %s %s", s.Name, s.Coordinator, s.Segment)
				if s.Why == "" {
					t.Errorf("%s has no reason", s.Name)
				}
			}
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What all instances of a pod may take together fits in its memory, however the pods are cut.
func TestSettingsFit(t *testing.T) {
	for _, memory := range []int{256, 512, 1024, 4096, 32768, 262144, 1 << 20} {
		for perPod := 1; perPod <= 100 && memory/perPod >= 256; perPod++ {
			m := fmt.Sprintf("%dMi", memory)
			taken := map[string]int{}
			for _, s := range topology.Settings(load(t, m, m, perPod, "")) {
				var n int
				if _, err := fmt.Sscanf(string(s.Segment), "%d", &n); err != nil {
					t.Fatal(err)
				}
				taken[s.Name] = n * perPod
			}
			most := memory * 9 / 10
			if got := taken["shared_buffers"] + taken["gp_vmem_protect_limit"]; got > most {
				t.Errorf("%d MiB, %d instances: %d MiB taken, want %d at most", memory, perPod, got, most)
			}
			if taken["statement_mem"] > taken["gp_vmem_protect_limit"] {
				t.Errorf("%d MiB, %d instances: one statement takes more than the instance has", memory, perPod)
			}
		}
	}
}

// More connections than an instance has shared memory for are refused, by the smaller of the pods.
func TestConnectionsFit(t *testing.T) {
	for config, want := range map[string]string{
		"max_connections: 451": "",
		"max_connections: 20000": "give at most 451, or the pod more memory: the shared memory for more does not fit next to " +
			"gp_vmem_protect_limit into an instance's 256 MB of a segment pod",
		"max_connections: 500, shared_buffers: 16MB":   "",
		"max_connections: 20000, Shared_Buffers: 16MB": "give at most ",
	} {
		c := load(t, "1Gi", "2Gi", 8, "")
		c.Spec.Database.Config = map[string]topology.Setting{}
		for given := range strings.SplitSeq(config, ", ") {
			name, value, _ := strings.Cut(given, ": ")
			c.Spec.Database.Config[name] = topology.Setting(value)
		}
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
	if c := load(t, "", "", 8, "max_connections: 20000"); c == nil {
		t.Error("pods of which nobody says how much memory they have")
	}
}

// setting is the derived value of a setting, the coordinator's and the segments'.
func setting(t *testing.T, c *topology.Cluster, name string) string {
	t.Helper()
	for _, s := range topology.Settings(c) {
		if s.Name == name {
			return string(s.Coordinator + " " + s.Segment)
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

// Where the formulas bend, on both sides; the numbers were worked out by hand from Greenplum's documentation.
func TestSettingsBoundaries(t *testing.T) {
	for _, test := range []struct{ why, coordinator, segment, setting, want string }{
		{"16 MiB for each connection", "3999Mi", "64Gi", "max_connections", "249 747"},
		{"never more than Greenplum's default", "4000Mi", "64Gi", "max_connections", "250 750"},
		{"51 connections", "816Mi", "64Gi", "max_connections", "51 153"},
		{"never fewer than 50", "799Mi", "64Gi", "max_connections", "50 150"},
		{"a pod whose memory nobody knows decides nothing", "", "1Gi", "max_connections", "64 192"},
		{"an eighth of the memory", "264Mi", "64Gi", "shared_buffers", "33MB 8192MB"},
		{"never less than 32 MB", "255Mi", "63Gi", "shared_buffers", "32MB 8064MB"},
		{"never more than 8 GB", "65Gi", "512Gi", "shared_buffers", "8192MB 8192MB"},
		{"Greenplum's default beside a known pod", "", "4Gi", "shared_buffers", "125MB 512MB"},
		// Below 30 GB: (m - m / 4 - 0.05 m) / 1.7; from there on (m - 7680 - 0.05 m) / 1.7.
		{"a quarter for the system", "29Gi", "30Gi", "gp_vmem_protect_limit", "12227 12649"},
		{"7.5 GB for the system", "30Gi", "31Gi", "gp_vmem_protect_limit", "12649 13221"},
		// (262143 - 7680 - 13107.15) / 1.7, and (262144 - 7680 - 13107.2 - 8192) / 1.17.
		{"another divisor from 256 GB on", "262143Mi", "256Gi", "gp_vmem_protect_limit", "141974 199286"},
		{"Greenplum's default beside a known pod's vmem", "", "4Gi", "gp_vmem_protect_limit", "8192 1686"},
		// 0.9 / 20 of the smaller limit: 223 MB of vmem are 10.03, 247 are 11.1.
		{"a share of 10 MB", "542Mi", "64Gi", "statement_mem", "10MB 10MB"},
		{"never less than 10 MB", "128Mi", "64Gi", "statement_mem", "10MB 10MB"},
		{"11 MB", "600Mi", "64Gi", "statement_mem", "11MB 11MB"},
		{"below Greenplum's most", "512Gi", "512Gi", "statement_mem", "1999MB 1999MB"},
	} {
		if got := setting(t, load(t, test.coordinator, test.segment, 1, ""), test.setting); got != test.want {
			t.Errorf("%s, %s and %s: %s is %s, want %s", test.why, test.coordinator, test.segment, test.setting, got, test.want)
		}
	}
}

// The limit is what an instance is killed above. A request says as much where there is no limit.
func TestMemoryOfRequest(t *testing.T) {
	for fields, want := range map[string]string{
		"{requests: {memory: 4Gi}}":                        "512MB",
		"{requests: {memory: 2Gi}, limits: {memory: 4Gi}}": "512MB",
		"{limits: {memory: 4Gi}}":                          "512MB",
		"{requests: {cpu: 1}}":                             "125MB",
	} {
		c, err := topology.Load(edited(t, "spec/coordinator/resources: "+fields), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := setting(t, c, "shared_buffers"); got != want+" 125MB" {
			t.Errorf("%s: shared_buffers %s, want %s for the coordinator", fields, got, want)
		}
	}
}

// A given value follows into those that are derived from it, in whatever letters and unit it is written.
func TestSettingsFollow(t *testing.T) {
	for _, test := range []struct{ config, setting, want string }{
		{"MAX_CONNECTIONS: 2000", "max_prepared_transactions", "2000 2000"},
		{"max_connections: 2000", "shared_buffers", "125MB 125MB"},
		{"max_connections: 3000", "shared_buffers", "125MB 141MB"},
		{"max_connections: 10000", "shared_buffers", "157MB 469MB"},
		{"max_connections: 10000, shared_buffers: 1GB", "shared_buffers", "1GB 1GB"},
		{"gp_vmem_protect_limit: 1000", "statement_mem", "45MB 45MB"},
		{"gp_vmem_protect_limit: 60", "statement_mem", "10MB 10MB"},
		{"max_statement_mem: 100MB", "statement_mem", "99MB 99MB"},
		{"max_statement_mem: 1GB", "statement_mem", "125MB 125MB"},
		{"max_statement_mem: 126MB", "max_statement_mem", "126MB 126MB"},
		{"gp_segment_connect_timeout: 1min", "gp_segment_connect_timeout", "1min 1min"},
	} {
		if got := setting(t, load(t, "", "", 1, test.config), test.setting); got != test.want {
			t.Errorf("%s: %s is %s, want %s", test.config, test.setting, got, test.want)
		}
	}
}

func TestShmSize(t *testing.T) {
	for memory, want := range map[string]string{"": "256Mi", "256Mi": "64Mi", "259Mi": "64Mi", "260Mi": "65Mi", "4Gi": "1Gi",
		"32767Mi": "8191Mi", "32Gi": "8Gi", "512Gi": "8Gi"} {
		size := topology.ShmSize(load(t, memory, "", 1, ""), topology.CoordinatorComponent)
		if size.String() != want {
			t.Errorf("memory %q: /dev/shm of %s, want %s", memory, size.String(), want)
		}
	}
}
