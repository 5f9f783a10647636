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
		host := c.fullName(i.Host)
		database := fmt.Sprintf("%s/%d", host, i.Port)
		all = append(all, host+"/22", database)
		if i.Content < 0 {
			clients = append(clients, database)
		}
		pods = append(pods, i.Host)
	}
	for _, pod := range pods {
		c.wantOpen(pod, all, all)
	}
	c.wantOpen(stranger, all, clients)
}

// fullName is the DNS name of one of the cluster's hosts, by which pods that are not the cluster's can look it up.
func (c *cluster) fullName(host string) string {
	return host + ".demo." + c.namespace + ".svc.cluster.local"
}

// wantCertified wants every acting instance to take the administrator from another of the cluster's pods and from its own host by
// certificate, and not without one, encrypted or not.
func (c *cluster) wantCertified() {
	c.t.Helper()
	for _, i := range c.catalogue() {
		if i.Role != "p" {
			continue
		}
		for _, from := range [][2]string{{"demo-primary-0", i.Host}, {i.Host, "localhost"}} {
			for _, test := range []struct {
				with string
				in   bool
			}{{"sslmode=prefer", true}, {"sslmode=disable", false}, {"sslmode=require sslcert=/nowhere sslkey=/nowhere sslrootcert=/nowhere", false}} {
				_, err := c.exec(c.ctx, from[0], environment+utilityMode+` psql -XAtqw -d "host=$1 port=$2 dbname=postgres $3" -c 'select 1'`,
					from[1], fmt.Sprint(i.Port), test.with)
				if (err == nil) != test.in {
					c.t.Errorf("whether %s from pod %s lets gpadmin in with %s should be %t: %v", i.Host, from[0], test.with, test.in, err)
				}
			}
		}
	}
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
