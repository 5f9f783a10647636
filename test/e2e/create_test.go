//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestCreate goes the whole way of a user: preview, create, look, use, and create again.
func TestCreate(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 2, mirrors: true, standby: true}
	c := newCluster(t, s)
	empty := c.objects()

	preview := c.gpk("create", "-f", c.file, "--dry-run").want(t, 3)
	if !strings.Contains(preview.stdout, "gpinitsystem") {
		t.Errorf("the preview does not name what is to be done:\n%s", preview.stdout)
	}
	c.wantSame(empty)

	made := c.gpk("create", "-f", c.file).want(t, 0)
	if lines := strings.Count(made.stdout, "\n"); lines != 1 || strings.Contains(made.stdout, "✓") {
		t.Errorf("standard output is not the one line of the outcome:\n%s", made.stdout)
	}
	made.says(t, "gpinitsystem")
	primaries := c.wantWhole(s)
	c.wantOwnObjects(empty)
	c.wantPairsApart()
	c.wantSpread(primaries)
	c.wantVisitor()
	c.wantNoSecret()

	before := c.settled()
	if again := c.gpk("create", "-f", c.file, "--dry-run").want(t, 0); strings.TrimSpace(again.stdout) != "no changes" {
		t.Errorf("the preview of a finished cluster: %s", again.stdout)
	}
	again := c.gpk("create", "-f", c.file).want(t, 0)
	if !strings.HasPrefix(again.stdout, "no changes") {
		t.Errorf("create on a finished cluster: %s", again.stdout)
	}
	c.wantSame(before)
}

// wantOwnObjects fails the test unless all that was made bears the cluster's labels, and is what pods and clients need.
func (c *cluster) wantOwnObjects(before map[string]metav1.PartialObjectMetadata) {
	c.t.Helper()
	after := c.objects()
	made := added(before, after)
	for _, object := range made {
		labels := after[object].Labels
		if labels["app.kubernetes.io/instance"] != name || labels["app.kubernetes.io/managed-by"] != "gpk" {
			c.t.Errorf("%s does not bear the cluster's labels: %v", object, labels)
		}
	}
	have := strings.Join(made, " ")
	for _, object := range []string{"StatefulSet/demo-coordinator", "StatefulSet/demo-primary", "StatefulSet/demo-mirror",
		"PersistentVolumeClaim/data-demo-coordinator-1", "PersistentVolumeClaim/data-demo-mirror-1", "Secret/demo-ssh",
		"Service/demo", "Service/demo-coordinator", "Lease/demo-gpk"} {
		if _, found := after[object]; !found {
			c.t.Errorf("%s is missing among %s", object, have)
		}
	}
}

// wantPairsApart fails the test if two copies of a content share a node.
func (c *cluster) wantPairsApart() {
	c.t.Helper()
	nodes := map[int]string{}
	instances := c.wholeStatus().Instances
	for _, i := range instances {
		if nodes[i.Content] == i.Node || i.Node == "" {
			c.t.Errorf("content %d: %s is on node %q, and so is its other copy", i.Content, i.Role, i.Node)
		}
		nodes[i.Content] = i.Node
	}
	if len(instances) != 6 {
		c.t.Errorf("gpk status has %d instances instead of 6", len(instances))
	}
}

// wantMirrorsSpread fails the test if all mirrors of a node's primaries are on one other node, where there are three or more.
func (c *cluster) wantMirrorsSpread() {
	c.t.Helper()
	instances := c.wholeStatus().Instances
	homes := map[int]string{}
	primaries, mirrors := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, i := range instances {
		if i.Role == "primary" {
			homes[i.Content] = i.Node
			put(primaries, i.Node, i.Pod)
		}
	}
	for _, i := range instances {
		if i.Role == "mirror" {
			put(mirrors, homes[i.Content], i.Node)
		}
	}
	for node, pods := range primaries {
		if len(primaries) > 2 && len(pods) > 1 && len(mirrors[node]) == 1 {
			c.t.Errorf("node %s has the primaries of pods %v, and node %v has all of their mirrors", node, pods, mirrors[node])
		}
	}
}

func put(sets map[string]map[string]bool, key, value string) {
	if sets[key] == nil {
		sets[key] = map[string]bool{}
	}
	sets[key][value] = true
}

// wantSpread writes a distributed table and counts its rows on each primary by itself: all are there, on more than one.
func (c *cluster) wantSpread(primaries []instance) {
	c.t.Helper()
	c.sql("analytics", "create table spread (id int primary key, word text)")
	c.sql("analytics", "insert into spread select n, 'word ' || n from generate_series(1, 500) n")
	total, holders := 0, 0
	for _, primary := range primaries {
		rows, err := strconv.Atoi(c.utility(primary, "analytics", "select count(*) from spread"))
		if err != nil {
			c.t.Fatal(err)
		}
		total += rows
		if rows > 0 {
			holders++
		}
	}
	if total != 500 || holders != len(primaries) {
		c.t.Errorf("%d of 500 rows are on %d of %d primaries", total, holders, len(primaries))
	}
	if rows := c.sql("analytics", "select count(*) from spread"); rows != "500" {
		c.t.Errorf("the coordinator finds %s of 500 rows", rows)
	}
}

// wantVisitor reads SQL as a client would: with a password, from a pod that is not the cluster's, through the Service.
func (c *cluster) wantVisitor() {
	c.t.Helper()
	c.sql("analytics", "create role visitor login password 'a visitor''s own'")
	c.sql("analytics", "grant select on spread to visitor")
	c.pod("visitor", nil)
	service, err := shared.Client.CoreV1().Services(c.namespace).Get(c.ctx, "demo-coordinator", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, host := range []string{service.Spec.ClusterIP, fmt.Sprintf("demo-coordinator.%s.svc", c.namespace)} {
		answer := c.in("visitor", environment+`PGPASSWORD="a visitor's own" psql -XAtq -h "$1" -U visitor -d analytics -c 'select 6 * 7'`, host)
		if answer != "42" {
			c.t.Errorf("through %s a client reads %q", host, answer)
		}
	}
	// Every session is new to the segments too. Now and then is not often enough: the DNS has several names for a pod.
	answers := c.in("visitor", environment+`for i in {1..20}; do PGPASSWORD="a visitor's own" psql -XAtq -h "$1" -U visitor -d analytics \
		-c 'select count(*) from spread' || exit; done`, service.Spec.ClusterIP)
	if answers != strings.TrimSpace(strings.Repeat("500\n", 20)) {
		c.t.Errorf("a client reads 500 rows twenty times as %q", answers)
	}
	if _, err := c.exec(c.ctx, "visitor", environment+`psql -XAtq -w -h "$1" -U gpadmin -d analytics -c 'select 1'`, service.Spec.ClusterIP); err == nil {
		c.t.Error("a stranger is the administrator without a password")
	}
	c.wantDoors("visitor")
	c.wantCertified()
	c.must(nil, shared.Client.CoreV1().Pods(c.namespace).Delete(c.ctx, "visitor", metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}))
	c.eventually("the visitor has left", func() (bool, error) { _, found := c.objects()["Pod/visitor"]; return !found, nil })
}

// wantNoSecret fails the test if a private key is anywhere but in its Secret: ConfigMaps with the journal, the objects'
// own words, gpk's output, and the command lines of the pods' processes.
func (c *cluster) wantNoSecret() {
	c.t.Helper()
	secret, err := shared.Client.CoreV1().Secrets(c.namespace).Get(c.ctx, "demo-ssh", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	var places strings.Builder
	configs, err := shared.Client.CoreV1().ConfigMaps(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	sets, err := shared.Client.AppsV1().StatefulSets(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	for _, list := range []any{configs, pods, sets} {
		text, err := json.Marshal(list)
		c.must(places.Write(text))
		c.must(nil, err)
	}
	for _, run := range c.runs {
		places.WriteString(run.out.String() + run.err.String())
	}
	for i := range pods.Items {
		places.WriteString(c.in(pods.Items[i].Name, `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '; cat /greenplum/.gpk/jobs/*/log 2>/dev/null || true`))
	}
	keys := 0
	for file, content := range secret.Data {
		if !strings.Contains(string(content), "PRIVATE KEY") {
			continue
		}
		keys++
		for _, line := range strings.Split(string(content), "\n") {
			if len(line) > 40 && strings.Contains(places.String(), line) {
				c.t.Errorf("the private key %s is in a place where it should not be", file)
			}
		}
	}
	if keys == 0 {
		c.t.Error("the Secret holds no private key, so nothing has been looked for")
	}
}

// pod runs a pod with the database's image that only sleeps, and waits until it runs. It mounts a volume at /greenplum, if
// a claim is given.
func (c *cluster) pod(podName string, claim *string) {
	c.t.Helper()
	pod := sleeper(podName)
	if claim != nil {
		pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: *claim}}}}
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/greenplum"}}
	}
	c.run(pod)
}

// run makes a pod and waits until it runs.
func (c *cluster) run(pod *corev1.Pod) {
	c.t.Helper()
	pods := shared.Client.CoreV1().Pods(c.namespace)
	c.must(pods.Create(c.ctx, pod, metav1.CreateOptions{}))
	c.eventually("pod "+pod.Name+" runs", func() (bool, error) {
		found, err := pods.Get(c.ctx, pod.Name, metav1.GetOptions{})
		return err == nil && found.Status.Phase == corev1.PodRunning, err
	})
}

func sleeper(podName string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: podName}, Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(1000)), FSGroup: new(int64(1000)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{
			Name: "sleeper", Image: shared.image, Command: []string{"sleep", "3600"},
			SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false),
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
		}},
	}}
}
