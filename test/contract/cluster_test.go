//go:build e2e

package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/test/byhand"
	"gpk/test/kube"
)

// coordinator is the pod of the coordinator, until its standby was activated.
const coordinator = "coordinator-0"

// rows is the catalogue in one line, and healthy what it is of the whole shape: dbid, content, role, preferred role, mode and
// status.
const (
	rows = "select string_agg(concat_ws(' ', dbid, content, role, preferred_role, mode, status), ', ' order by dbid) from gp_segment_configuration"

	healthy = "1 -1 p p n u, 2 0 p p s u, 3 1 p p s u, 4 0 m m s u, 5 1 m m s u, 6 -1 m m s u"
)

// run runs a command line in a pod as somebody would who logged in there.
func (c *cluster) run(pod, command string) kube.Said {
	c.Helper()
	began := time.Now()
	said, err := c.Namespace.Run(c.ctx, pod, ". ~/.bashrc\n"+command)
	if err != nil {
		c.Fatal(err)
	}
	line, _, _ := strings.Cut(command, "\n")
	c.Logf("%s: %s: exit status %d after %.1f s", pod, line, said.Status, time.Since(began).Seconds())
	return said
}

// older has the words of Greenplum 6 for those of 7.
var older = strings.NewReplacer(
	"Coordinator value", "Master  value", "Segment     value", "Segment value", "coordinator", "master",
	"standby.signal", "recovery.conf", "pg_rewind: error: ", "", "pg_rewind: ", "",
	"Failed to query gp_stat_replication: ", "error 'ERROR:  failed to acquire resources on one or more segments",
)

// said reports whether an output has the words, which are Greenplum 7's.
func (c *cluster) said(output, words string) bool {
	if c.series == "6" {
		words = older.Replace(words)
	}
	return strings.Contains(output, words)
}

// refuses runs a command line in a pod that has to end with a status and to say some words. The rest of what it says,
// such as the usage, is for people.
func (c *cluster) refuses(pod, command string, status int, words ...string) {
	c.Helper()
	said := c.run(pod, command)
	if said.Status != status {
		c.Errorf("%s: exit status %d instead of %d\n%s", command, said.Status, status, said.Output)
	}
	for _, word := range words {
		if !c.said(said.Output, word) {
			c.Errorf("%s does not say %q but\n%s", command, word, said.Output)
		}
	}
}

// succeed runs what is no part of the contract, but has to work for it.
func (c *cluster) succeed(pod, command string) string {
	c.Helper()
	said := c.run(pod, command)
	if said.Status != 0 {
		c.Fatalf("in pod %s: %s: exit status %d\n%s", pod, command, said.Status, said.Output)
	}
	return strings.TrimSpace(said.Output)
}

// make runs a command line of gpinitsystem that has to make a cluster. Greenplum 6 ends with 1 when it had a warning.
func (c *cluster) make(command string) {
	c.Helper()
	said := c.run(coordinator, command)
	if said.Status != 0 && (c.series != "6" || said.Status != 1) {
		c.Fatalf("%s: exit status %d\n%s", command, said.Status, said.Output)
	}
}

// sql asks the coordinator one thing.
func (c *cluster) sql(statement string) string {
	c.Helper()
	return c.succeed(c.acting, fmt.Sprintf("psql -XqAt -v ON_ERROR_STOP=1 -d postgres -c %q", statement))
}

// rowsOf counts the rows of a table that a primary holds itself.
func (c *cluster) rowsOf(pod, table string) string {
	c.Helper()
	role := "gp_role"
	if c.series == "6" {
		role = "gp_session_role"
	}
	return c.succeed(coordinator, fmt.Sprintf("PGOPTIONS='-c %s=utility' psql -XAt -h %s -p 40000 -d postgres -c 'select count(*) from %s'",
		role, byhand.Host(c.Name, pod), table))
}

// wantRows probes until the catalogue is as given.
func (c *cluster) wantRows(want string) {
	c.Helper()
	c.eventually("select gp_request_fts_probe_scan()", rows, want)
}

// wantReplicas waits until so many replicas stream in sync, the standby among them.
func (c *cluster) wantReplicas(count int) {
	c.Helper()
	c.eventually("", "select count(*) from gp_stat_replication where state = 'streaming' and sync_state = 'sync'", fmt.Sprint(count))
}

// eventually asks the coordinator until it answers what is wanted. It may fail meanwhile: who asks first after a primary was
// lost is told so.
func (c *cluster) eventually(before, statement, want string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, 90*time.Second)
	defer cancel()
	command := ". ~/.bashrc\n"
	for _, s := range []string{before, statement} {
		if s != "" {
			command += fmt.Sprintf("psql -XqAt -d postgres -c %q\n", s)
		}
	}
	if before != "" {
		want = "t\n" + want
	}
	err := kube.Until(ctx, fmt.Sprintf("%q is %q", statement, want), func() (bool, error) {
		said, err := c.Namespace.Run(ctx, c.acting, command)
		if err != nil {
			return false, err
		}
		return strings.TrimSpace(said.Output) == want, fmt.Errorf("it is %q", said.Output)
	})
	if err != nil {
		c.Fatal(err)
	}
}

// kill ends all of an instance at once, as a machine's loss would, but for the pod.
func (c *cluster) kill(pod string) {
	c.Helper()
	c.succeed(pod, `kill -9 $(ps -eo pid=,comm= | awk '$2 == "postgres" {print $1}')`)
}

// lose deletes pods and waits for those that Kubernetes makes in their stead: with the same volumes, and nothing that runs.
func (c *cluster) lose(names ...string) {
	c.Helper()
	pods := c.Client.CoreV1().Pods(c.Name)
	lost := map[types.UID]bool{}
	for _, name := range names {
		pod, err := pods.Get(c.ctx, name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		lost[pod.UID] = true
	}
	for _, name := range names {
		if err := pods.Delete(c.ctx, name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}); err != nil {
			c.Fatal(err)
		}
	}
	err := kube.Until(c.ctx, "the lost pods are gone", func() (bool, error) {
		list, err := pods.List(c.ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for _, pod := range list.Items {
			if lost[pod.UID] {
				return false, nil
			}
		}
		return true, nil
	})
	if err == nil {
		err = byhand.Ready(c.ctx, c.Namespace, c.roles)
	}
	if err != nil {
		c.Fatal(err)
	}
}

// input is gpinitsystem's file, with mirrors or without.
func (c *cluster) input(mirrors bool) string {
	entry := func(role string, port, dbid, content int) string {
		host := byhand.Host(c.Name, fmt.Sprintf("%s-%d", role, max(content, 0)))
		return fmt.Sprintf("%s~%s~%d~/greenplum/%s/gpseg%d~%d~%d\n", host, host, port, role, content, dbid, content)
	}
	lines := []string{"TRUSTED_SHELL=ssh\nENCODING=UTF-8\nHBA_HOSTNAMES=1\nQD_PRIMARY_ARRAY=" + entry("coordinator", 5432, 1, -1)}
	for _, role := range []string{"primary", "mirror"} {
		if role == "mirror" && !mirrors {
			break
		}
		lines = append(lines, "declare -a "+strings.ToUpper(role)+"_ARRAY=(\n")
		for content := range segments {
			port, dbid := 40000, 2
			if role == "mirror" {
				port, dbid = 50000, 2+segments
			}
			lines = append(lines, entry(role, port, dbid+content, content))
		}
		lines = append(lines, ")\n")
	}
	return strings.Join(lines, "")
}

// others are the pods but the one in which the utilities are called.
func (c *cluster) others() []string {
	return slices.DeleteFunc(byhand.Pods(c.roles), func(pod string) bool { return pod == coordinator })
}
