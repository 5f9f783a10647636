//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
)

// knock prints which of the doors HOST/PORT open from a pod, all tried at once.
const knock = `for door; do timeout 5 bash -c '</dev/tcp/'"$door" 2>/dev/null && echo "$door" & done; wait`

// wantDoors wants ssh and the database's port of every instance open to each of the cluster's pods, and of all these only the
// coordinators' database to a pod that is not one of them.
func (c *cluster) wantDoors(stranger string) {
	c.t.Helper()
	if shared.bench == "" {
		return // not every cluster enforces NetworkPolicies
	}
	var all, clients, pods []string
	for _, i := range c.catalogue() {
		database := fmt.Sprintf("%s/%d", i.Host, i.Port)
		all = append(all, i.Host+"/22", database)
		if i.Content < 0 {
			clients = append(clients, database)
		}
		pod, _, _ := strings.Cut(i.Host, ".")
		pods = append(pods, pod)
	}
	for _, pod := range pods {
		c.wantOpen(pod, all, all)
	}
	c.wantOpen(stranger, all, clients)
}

// wantOpen fails the test unless just these of the doors open from a pod.
func (c *cluster) wantOpen(pod string, doors, want []string) {
	c.t.Helper()
	open := strings.Fields(c.in(pod, knock, doors...))
	for _, door := range doors {
		if slices.Contains(open, door) != slices.Contains(want, door) {
			c.t.Errorf("whether %s can be reached from pod %s should be %t", door, pod, slices.Contains(want, door))
		}
	}
}
