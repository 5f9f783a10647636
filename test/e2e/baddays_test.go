//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// badDay is a cluster.yaml that cannot become a cluster where it is.
type badDay struct {
	// change is what differs from a file that can: old and new text, in pairs.
	change []string
	flags  []string
	// admin runs it with rights to see nodes and classes.
	admin  bool
	status int
	// says are words of the error: what happened, and where.
	says []string
	// nothing: not one object is made.
	nothing bool
}

// patched gives every pod template a patch.
func patched(patch string) []string {
	return []string{"  database:\n", "  podTemplate: " + patch + "\n  database:\n"}
}

// hidden mounts an empty folder over one of the image's.
func hidden(path string) string {
	return `{spec: {volumes: [{name: nothing, emptyDir: {}}], containers: [{name: greenplum, volumeMounts: [{name: nothing, mountPath: ` + path + `}]}]}}`
}

// unmounted mounts a volume that no pod has, which only the API server notices.
const unmounted = `{spec: {containers: [{name: greenplum, volumeMounts: [{name: nothing, mountPath: /nothing}]}]}}`

func badDays() map[string]badDay {
	return map[string]badDay{
		"storage class missing": {[]string{"storage: {size: 1Gi}\n  segments", "storage: {size: 1Gi, className: nowhere}\n  segments"}, nil, true, 1,
			[]string{"step capacity", "nowhere", "there are:"}, true},
		"no node is large enough": {[]string{"memory: 256Mi", "memory: 900Gi"}, nil, true, 1,
			[]string{"step capacity", "demo-primary", "900"}, true},
		"priority class missing": {[]string{"storage: {size: 1Gi}\n  segments", "priorityClassName: nobody\n    storage: {size: 1Gi}\n  segments"}, nil, true, 1,
			[]string{"nothing of demo was made", "nobody"}, true},
		"volume missing in podTemplate": {patched(unmounted), nil, false, 1,
			[]string{"step admissible", "StatefulSet/demo-", "volumeMounts", "Not found", "nothing was changed"}, true},
		"image of another release": {[]string{"version: ", "version: \"7.9.9\" # "}, nil, false, 1,
			[]string{"step inspected", "7.9.9", "spec.version", "node "}, true},
		"image without sshd": {patched(hidden("/usr/sbin")), nil, false, 1,
			[]string{"pod demo-", "keeps exiting", "sshd"}, false},
		"image without the database": {patched(hidden("/usr/local")), nil, false, 1,
			[]string{"step running", "pod demo-", "keeps exiting", "no greenplum_path.sh, greengage_path.sh or cloudberry-env.sh"}, false},
		"Secret missing for a volume": {patched(`{spec: {volumes: [{name: nothing, secret: {secretName: nowhere}}], ` +
			`containers: [{name: greenplum, volumeMounts: [{name: nothing, mountPath: /nothing}]}]}}`), []string{"--timeout", "60s"}, false, 4,
			[]string{"step running", "pod demo-", "FailedMount", `"nowhere" not found`}, false},
		"Secret missing for a variable": {patched(`{spec: {containers: [{name: greenplum, env: [{name: X, valueFrom: {secretKeyRef: {name: nowhere, key: x}}}]}]}}`),
			nil, false, 1, []string{"step running", "pod demo-", "CreateContainerConfigError", `"nowhere" not found`}, false},
		"init container that fails": {patched(`{spec: {initContainers: [{name: prepare, image: "` + shared.image + `", command: [/bin/bash, -c, exit 9], ` +
			`securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}`), nil, false, 1,
			[]string{"step running", "pod demo-", "init container prepare", "keeps exiting", "exit status 9", "-c prepare --previous"}, false},
		"settings that no server takes": {[]string{"  database:\n", "  database:\n    config: {work_mem: plenty, no_such: 1, log_statement: all}\n"}, nil, false, 1,
			[]string{"step inspected", `work_mem: invalid value for parameter "work_mem": "plenty"`, `no_such: unrecognized configuration parameter`,
				"spec.database.config"}, true},
		"names cannot be resolved": {patched(`{spec: {dnsPolicy: None, dnsConfig: {nameservers: [192.0.2.1]}}}`), []string{"--timeout", "40s"}, false, 4,
			[]string{"step network", "pod demo-coordinator-0", "demo-primary-0", "the DNS "}, false},
	}
}

// TestBadDays wants each named with its step, its pod and its cause, and nothing left that delete cannot take away.
func TestBadDays(t *testing.T) {
	for title, day := range badDays() {
		t.Run(strings.ReplaceAll(title, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, small())
			empty := c.objects()
			file := c.changed("bad.yaml", day.change...)
			if day.admin {
				c.kubeconfig = shared.kubeconfig
			}
			r := c.gpk(append([]string{"create", "-f", file}, day.flags...)...).want(t, day.status).says(t, append(day.says, "next:")...)
			if r.stdout != "" {
				t.Errorf("standard output holds %q", r.stdout)
			}
			if made := added(empty, c.objects()); day.nothing && slices.ContainsFunc(made, isWorkload) {
				t.Errorf("it has made %q", made)
			}
			c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
			if left := added(empty, c.objects()); len(left) > 0 {
				t.Errorf("delete --delete-data has left %q", left)
			}
		})
	}
}

// isWorkload leaves out gpk's own lock and record.
func isWorkload(object string) bool {
	return object != "Lease/demo-gpk" && object != "ConfigMap/demo-gpk"
}

// TestRightMissing takes one right away. The verb and the resource are named, for whoever grants rights.
func TestRightMissing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	fewer := c.rights()
	for i := range fewer {
		if slices.Contains(fewer[i].Resources, "statefulsets") {
			fewer[i].Verbs = []string{"get", "list", "watch"}
		}
	}
	weak := c.account("weak", fewer)
	c.startAs(weak, "-n", c.namespace, "create", "-f", c.file).wait().want(t, 1).says(t, "step rights", "create, patch statefulsets.apps demo-", "next:",
		"gpk rbac -f cluster.yaml --for create")
	none := c.account("none", []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}})
	c.startAs(none, "-n", c.namespace, "create", "-f", c.file).wait().want(t, 1).says(t, "get", "configmaps", "next:")
	c.startAs(none, "-n", c.namespace, "status").wait().want(t, 1).says(t, "list", "configmaps")
}

// TestNoCluster has no API server where the kubeconfig says, or none named at all.
func TestNoCluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	nowhere := c.home + "/nowhere"
	text, err := os.ReadFile(c.kubeconfig)
	c.must(nil, err)
	c.must(nil, os.WriteFile(nowhere, []byte(strings.ReplaceAll(string(text), shared.Config.Host, "https://127.0.0.1:1")), 0o600))
	r := c.startAs(nowhere, "create", "-f", c.file).wait().want(t, 1).says(t, "127.0.0.1:1", "next:")
	if r.took.Seconds() > 20 {
		t.Errorf("it took %s to find that nobody listens", r.took)
	}
	c.startAs(c.home+"/missing", "create", "-f", c.file).wait().want(t, 2).says(t, "missing", "next:")
}

// TestMendedSettings gives the database a setting that no server starts with. gpinitsystem fails; the mended file finishes,
// over what it left behind and over a record that somebody has edited: a journal that cannot be read, or that lies, counts for
// nothing; what would decide something is to be put back, or taken out.
func TestMendedSettings(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	broken := c.changed("broken.yaml", "  database:\n", "  database:\n    config: {shared_preload_libraries: nowhere}\n")
	c.gpk("create", "-f", broken).want(t, 1).says(t, "step initialise", "gpinitsystem", coordinator, "nowhere", "next:")

	c.editRecord(`{"journal.json": "{{{ by hand", "unfinished.json": "{{{"}`)
	spoiled := []string{"unfinished.json in ConfigMap/demo-gpk cannot be read", "next:", "kubectl edit configmap -n " + c.namespace + " demo-gpk"}
	c.gpk("create", "-f", c.file).want(t, 1).says(t, spoiled...)
	c.editRecord(`{"unfinished.json": null}`)
	c.gpk("create", "-f", broken).want(t, 1).says(t, "step initialise")
	c.editRecord(`{"journal.json": "[{\"operation\": \"create\", \"step\": \"initialise\", \"event\": \"done\"}]"}`)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
	c.wholeStatus()

	c.editRecord(`{"unfinished.json": "{{{", "cluster.yaml": "{{{"}`)
	c.gpk("delete").want(t, 1).says(t, spoiled...)
	c.gpk("delete", "--delete-data", "--confirm", name).want(t, 0)
	if left := added(empty, c.objects()); len(left) > 0 {
		t.Errorf("delete --delete-data has left %q", left)
	}
}

// editRecord changes keys of what gpk keeps of the cluster, as `kubectl edit` would.
func (c *cluster) editRecord(data string) {
	c.t.Helper()
	_, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Patch(c.ctx, "demo-gpk", types.MergePatchType,
		[]byte(`{"data":`+data+`}`), metav1.PatchOptions{FieldManager: "somebody"})
	c.must(nil, err)
}
