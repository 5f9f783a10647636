//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// canaries are secrets that a test knows, and looks for wherever gpk writes.
type canaries struct {
	// given is the password of a role in the user's Secret, typed one that somebody sets by gpk psql.
	given, typed string
}

// canaries makes the Secret with a role's password.
func (c *cluster) canaries(secret, role string) *canaries {
	c.t.Helper()
	found := &canaries{"given-" + rand.String(20), "typed-" + rand.String(20)}
	c.must(shared.Client.CoreV1().Secrets(c.namespace).Create(c.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secret},
		StringData: map[string]string{role: found.given}}, metav1.CreateOptions{}))
	return found
}

// wantNone fails the test if one of the secrets is in what gpk has printed, in an object that is no Secret, in the arguments or the
// environment of a process, or in a file that gpk's scripts have written. The copies of the keys in .ssh and .postgresql are meant to be
// there, and the database's files are its own.
func (c *cluster) wantNone(known *canaries) {
	c.t.Helper()
	c.feed(strings.NewReader("create role typed login password '"+known.typed+"'"), "psql", "-v").want(c.t, 0)
	c.gpk("status", "-o", "json")
	c.gpk("diff", "-f", c.file, "-o", "json")
	places := map[string]string{}
	for _, run := range c.runs {
		places["gpk "+strings.Join(run.args, " ")] += run.out.String() + run.err.String()
	}
	c.readObjects(places)
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	for i := range pods.Items {
		pod := pods.Items[i].Name
		places["processes of "+pod] = c.in(pod, `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n'`)
		places["files of "+pod] = c.in(pod, `find /greenplum/.gpk /tmp /dev/shm /home /home/gpadmin /root -xdev -type f -not -path '*/.ssh/*' `+
			`-not -path '*/.postgresql/*' -size -1000k -exec cat {} + 2>/dev/null | tr -d '\0' || true`)
	}
	// A search that finds nothing of what is there is blind.
	for place, word := range map[string]string{"processes of " + coordinator: "GPK_COORDINATORS=demo-coordinator-0", "files of " + coordinator: "gpinitsystem",
		"objects of configmaps": "journal.json", "objects of events": "demo-primary-0", "objects of pods": "demo-primary-0"} {
		if !strings.Contains(places[place], word) {
			c.t.Errorf("%s have no %s in %d bytes", place, word, len(places[place]))
		}
	}
	for what, needle := range c.needles(known) {
		for place, text := range places {
			if strings.Contains(text, needle) {
				c.t.Errorf("%s is in %s", what, place)
			}
		}
	}
}

// needles are parts of the secrets that nothing else has, by what they are: as they are, and as the data of a Secret has them.
func (c *cluster) needles(known *canaries) map[string]string {
	c.t.Helper()
	found := map[string]string{"a password": known.given, "a password that was typed": known.typed,
		"an encoded password": base64.StdEncoding.EncodeToString([]byte(known.given))}
	secret, err := shared.Client.CoreV1().Secrets(c.namespace).Get(c.ctx, "demo-ssh", metav1.GetOptions{})
	c.must(nil, err)
	keys := 0
	for file, content := range secret.Data {
		if !strings.Contains(string(content), "PRIVATE KEY") {
			continue
		}
		keys++
		// The last whole line: the first ones are the same in every key.
		lines := slices.DeleteFunc(strings.Split(string(content), "\n"), func(line string) bool { return len(line) < 60 || line[0] == '-' })
		found["the key "+file] = lines[len(lines)-1]
		encoded := base64.StdEncoding.EncodeToString(content)
		found["the encoded key "+file] = encoded[len(encoded)/2 : len(encoded)/2+60]
	}
	if keys != 4 {
		c.t.Errorf("the Secret has %d private keys", keys)
	}
	return found
}

// readObjects adds all objects of the namespace but Secrets, events among them.
func (c *cluster) readObjects(places map[string]string) {
	c.t.Helper()
	lists, err := shared.Client.Discovery().ServerPreferredNamespacedResources()
	c.must(nil, err)
	client, err := dynamic.NewForConfig(shared.Config)
	c.must(nil, err)
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists) {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		c.must(nil, err)
		for _, resource := range list.APIResources {
			if resource.Kind == "Secret" {
				continue
			}
			items, err := client.Resource(group.WithResource(resource.Name)).Namespace(c.namespace).List(c.ctx, metav1.ListOptions{})
			c.must(nil, err)
			text, err := json.Marshal(items)
			c.must(nil, err)
			places["objects of "+resource.Name] += string(text)
		}
	}
}
