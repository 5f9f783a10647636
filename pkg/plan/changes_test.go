package plan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

const before = `
apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: demo, namespace: analytics}
spec:
  version: "7.1.0"
  image: registry.example/greenplum
  coordinator:
    storage: {size: 1Gi}
  segments:
    count: 2
    resources: {requests: {memory: 1Gi}}
  database:
    name: analytics
    config: {work_mem: 64MB}
    hba: ["host all all 10.0.0.0/8 scram-sha-256"]
`

func TestChanges(t *testing.T) {
	tests := []struct {
		name, old, new string
		// want is one line per change: field, old value, new value, command, and the reason where there is none.
		want []string
	}{
		{"nothing", "", "", nil},
		{"the same amount", "memory: 1Gi", "memory: 1024Mi", nil},
		{"more segments", "count: 2", "count: 4", []string{"spec.segments.count|2|4|gpk expand --segments 4"}},
		{"fewer segments", "count: 2", "count: 1", []string{"spec.segments.count|2|1|Greenplum can't take segments away"}},
		{"version", `"7.1.0"`, `"7.2.0"`, []string{"spec.version|7.1.0|7.2.0|gpk upgrade --version 7.2.0"}},
		{"image", "registry.example/", "other.example/", []string{"spec.image|registry.example/greenplum|other.example/greenplum|" +
			"gpk upgrade --version 7.1.0 --image other.example/greenplum"}},
		{"setting", "64MB", "'a b'", []string{"spec.database.config[work_mem]|64MB|a b|gpk config set 'work_mem=a b'"}},
		{"setting left out", "{work_mem: 64MB}", "{}", []string{"spec.database.config[work_mem]|64MB||gpk config set work_mem=DEFAULT"}},
		{"derived setting left out", "{requests: {memory: 1Gi}}", "{requests: {memory: 2Gi}}",
			[]string{"spec.segments.resources.requests[memory]|1Gi|2Gi|gpk resize -f next.yaml"}},
		{"larger volumes", "size: 1Gi", "size: 2Gi", []string{"spec.coordinator.storage.size|1Gi|2Gi|gpk resize -f next.yaml"}},
		{"smaller volumes", "size: 1Gi", "size: 500Mi", []string{"spec.coordinator.storage.size|1Gi|500Mi|a volume can't become smaller"}},
		{"class", "size: 1Gi", "size: 1Gi, className: fast", []string{"spec.coordinator.storage.className||fast|a volume keeps its class"}},
		{"mirrors", "count: 2", "count: 2\n    mirrors: false", []string{"spec.segments.mirrors|true|false|the mirrors are made with the cluster"}},
		{"clients", `["host`, `["local all all trust", "host`, []string{`spec.database.hba|["host all all 10.0.0.0/8 scram-sha-256"]|` +
			`["local all all trust","host all all 10.0.0.0/8 scram-sha-256"]|gpk create -f next.yaml --update`}},
		{"another database", "name: analytics\n", "name: sales\n", []string{"spec.database.name|analytics|sales|gpk create -f next.yaml --update"}},
		{"no database", "    name: analytics\n", "", []string{"spec.database.name|analytics||" +
			"gpk drops no database: do it with `gpk psql`, if it is not needed any more"}},
		{"inside the pod template", "  segments:", "  podTemplate: {metadata: {labels: {team: data}}}\n  segments:",
			[]string{"spec.podTemplate.metadata.labels[team]||data|gpk create -f next.yaml --update"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(before, test.old) {
				t.Fatalf("the file has no %q", test.old)
			}
			from := parsed(t, before)
			to := parsed(t, strings.Replace(before, test.old, test.new, 1))
			var got []string
			for _, c := range plan.Changes(from, to, "next.yaml") {
				answer := c.Command.String()
				if c.Command == nil {
					answer = c.Why
				}
				got = append(got, strings.Join([]string{c.Field, c.From, c.To, answer}, "|"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A secret that an earlier gpk let into a line of pg_hba.conf is in no difference, as text or as JSON.
func TestChangesHideSecrets(t *testing.T) {
	from, to := parsed(t, before), parsed(t, before)
	from.Spec.Database.HBA = []string{`host all all all ldap ldapserver=l ldapbindpasswd="hunter 2"`, "host all all all md5"}
	changes := plan.Changes(from, to, "next.yaml")
	data, err := json.Marshal(changes)
	if err != nil || len(changes) != 1 || strings.Contains(string(data), "hunter") || !strings.HasSuffix(changes[0].From, "ldapbindpasswd=…") {
		t.Errorf("%s, error %v", data, err)
	}
	to.Spec.Database.HBA = []string{`host all all all ldap ldapserver=l ldapbindpasswd=other`, "host all all all md5"}
	if len(plan.Changes(from, to, "next.yaml")) != 1 {
		t.Error("another secret is no difference")
	}
}

// TestEveryFieldHasAnAnswer changes every field of a full file, and wants a command or a reason for each.
func TestEveryFieldHasAnAnswer(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "topology", "testdata", "good", "everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	full := parsed(t, string(data))
	fields := map[string]bool{}
	for _, c := range plan.Changes(full, &topology.Cluster{}, "f.yaml") {
		if c.Command == nil && (c.Why == "" || c.Why == "gpk knows no way") {
			t.Errorf("%s has no rule", c.Field)
		}
		fields[c.Field] = true
	}
	spec := reflect.TypeFor[topology.Spec]()
	for i := range spec.NumField() {
		name, _, _ := strings.Cut(spec.Field(i).Tag.Get("json"), ",")
		found := false
		for field := range fields {
			found = found || field == "spec."+name || strings.HasPrefix(field, "spec."+name+".") || strings.HasPrefix(field, "spec."+name+"[")
		}
		if !found {
			t.Errorf("spec.%s was not compared", name)
		}
	}
}

func parsed(t *testing.T, text string) *topology.Cluster {
	t.Helper()
	c, err := topology.Load([]byte(text), "default")
	if err != nil {
		t.Fatal(err)
	}
	return c
}
