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
		setField(root, strings.Split(path, "/"), value)
	}
	data, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// setField gives the field at the end of these names a value, and makes the fields on the way.
func setField(root map[string]any, names []string, value any) {
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
	for _, rules := range [][]rule{clusterRules(), databaseRules(), tlsRules(), hbaRules(), settingRules(), podRules(), userRules(), templateRules()} {
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
		// aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-coordinator-1234567890 has 63.
		{"the longest name", "metadata/namespace: " + long(63), "metadata/name: " + long(40), "metadata/name: " + long(41),
			`metadata.name: "` + long(41) + `" is not allowed: give at most 40 characters`},
		{"the longest namespace", "", "metadata/namespace: " + long(63), "metadata/namespace: " + long(64), "metadata.namespace: "},
		{"a namespace is one label", "", "metadata/namespace: a-b", "metadata/namespace: a.b", `metadata.namespace: "a.b" is not allowed`},
		{"a vendor's release", "", "spec/version: 6.27.5-WHPG", "spec/version: 6.27.5 WHPG", `spec.version: "6.27.5 WHPG" is not allowed: give the release`},
		{"a release has three numbers", "", "spec/version: '7.1.0'", "spec/version: '7.1'", `spec.version: "7.1" is not allowed`},
		{"the longest build", "", "spec/version: 7.1.0-" + long(64), "spec/version: 7.1.0-" + long(65), "spec.version: "},
		{"a version that is no tag needs one beside it", "", "spec/version: 7.1.0+dev; spec/image: r.example/g:dev", "spec/version: 7.1.0+dev",
			`spec.version: "7.1.0+dev" is not allowed: it can't be the tag`},
		{"a registry's port is no tag", "spec/version: 7.1.0+dev", "spec/image: r.example:5000/g@sha256:" + strings.Repeat("0", 64),
			"spec/image: r.example:5000/g", "spec.version: "},
		{"the longest reference", "", "spec/image: r.example/" + long(245), "spec/image: r.example/" + long(246), "spec.image: "},
		{"a tag stays", "", "spec/image: r.example/latest:7", "spec/image: r.example/g:latest",
			`spec.image: "r.example/g:latest" is not allowed: pods that are made later would get another release`},
		{"a repository is in lower case", "", "spec/image: R.example/g", "spec/image: r.example/G", `spec.image: "r.example/G" is not allowed`},
		{"a digest is a whole one", "", "spec/image: g@sha256:" + strings.Repeat("f", 32), "spec/image: g@sha256:" + strings.Repeat("f", 31), "spec.image: "},
		{"how the image is pulled", "", "spec/imagePullPolicy: Never", "spec/imagePullPolicy: never",
			`spec.imagePullPolicy: "never" is not allowed: give Always, IfNotPresent or Never`},
		{"a Secret's name", "", "spec/imagePullSecrets: [a.b]", "spec/imagePullSecrets: [a_b]", `spec.imagePullSecrets[0]: "a_b" is not allowed`},
		{"at least one primary", "", "spec/segments/count: 1", "spec/segments/count: 0", "spec.segments.count: 0 is not allowed: give 1 to 10000"},
		{"the most primaries", "", "spec/segments/count: 10000", "spec/segments/count: 10001",
			"spec.segments.count: 10001 is not allowed: give 1 to 10000"},
		{"at least one in a pod", "", "spec/segments/perPod: 1", "spec/segments/perPod: 0", "spec.segments.perPod: 0 is not allowed: give 1 to 100"},
		{"the most in a pod", "spec/segments/storage: {size: 1Ti}", "spec/segments/perPod: 100", "spec/segments/perPod: 101",
			"spec.segments.perPod: 101 is not allowed: give 1 to 100"},
		// 20002 bytes for each letter of the name, and 267810 for the rest: 38 letters fit into 1044480 bytes.
		{"the names of all hosts fit in a ConfigMap", "spec/segments/count: 10000", "metadata/name: " + long(38),
			"metadata/name: " + long(39), "spec.segments.count: 10000 is not allowed: the names of 20002 hosts take "},
		{"without mirrors there is room for more", "spec/segments/count: 10000; metadata/name: " + long(40),
			"spec/segments/mirrors: false", "spec/segments/mirrors: true", "spec.segments.count: 10000 is not allowed: the names"},
		{"the domain of the cluster is DNS's", "", "spec/network/clusterDomain: a.b", "spec/network/clusterDomain: a..b",
			`spec.network.clusterDomain: "a..b" is not allowed`},
		{"clients come by a Service that has an address", "", "spec/network/service/type: NodePort", "spec/network/service/type: ExternalName",
			`spec.network.service.type: "ExternalName" is not allowed: give ClusterIP, NodePort or LoadBalancer`},
		{"an annotation's key has a name", "", "spec/network/service/annotations: {a.b/c: ''}", "spec/network/service/annotations: {a b: ''}",
			"spec.network.service.annotations: "},
	}
}
