//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gpk/test/bench/internal/cluster"
)

// footprint is what a bench could leave on the host, by kind. Other programs,
// and other tests, go on while a bench is tested: so it takes only what is of a
// bench's kind.
func footprint(t *testing.T) map[string][]string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]string{
		"mounts":             lines(string(mounts), "bench", "containerd", "kubelet", "cni", "/proc/sys"),
		"links":              lines(output(t, "ip", "-oneline", "link", "show"), "gpk-", "veth", "node"),
		"routes":             lines(output(t, "ip", "route", "show", "table", "all"), "gpk-"),
		"network namespaces": lines(output(t, "ip", "netns", "list"), "cni"),
		"rules":              rules(t),
		"control groups":     groups(t),
		"sysctls":            sysctls(t),
		"processes":          processes(t),
		"files":              files(t),
	}
}

// compare overlooks what is of other instances, by their names: they come and go.
func (b benchUnderTest) compare(t *testing.T, before, after map[string][]string) {
	t.Helper()
	instance, err := cluster.Open(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`gpk-(bench-)?[0-9a-f]{8}`)
	for kind, had := range before {
		for _, line := range after[kind] {
			name := named.FindString(line)
			others := name != "" && !strings.HasSuffix(name, instance.ID())
			if !others && !slices.Contains(had, line) {
				t.Errorf("%s, not there before: %s", kind, line)
			}
		}
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// lines are those that contain one of the words.
func lines(text string, words ...string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(line, word) }) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// rules are without comments, which hold times, and chains' lines, which hold counters.
func rules(t *testing.T) []string {
	t.Helper()
	return lines(output(t, "iptables-save"), "-A ", "-N ")
}

func groups(t *testing.T) []string {
	t.Helper()
	return lines(output(t, "find", "/sys/fs/cgroup", "-maxdepth", "2", "-type", "d"), "bench", "node", "kube")
}

func sysctls(t *testing.T) []string {
	t.Helper()
	var settings []string
	for _, path := range []string{
		"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
		"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward",
	} {
		value, err := os.ReadFile(filepath.Join("/proc/sys", path))
		if err != nil {
			t.Fatal(err)
		}
		settings = append(settings, path+"="+strings.TrimSpace(string(value)))
	}
	return settings
}

// processes are those with a name that something in a bench has, with the
// control group of the instance they are of, if any.
func processes(t *testing.T) []string {
	t.Helper()
	kinds := []string{
		"bench", "etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kube-proxy", "kubelet",
		"coredns", "local-provision", "kube", "kwok", "containerd", "containerd-shim", "pause", "busybox", "runc",
	}
	instance := regexp.MustCompile(`gpk-bench-[0-9a-f]+`)
	var found []string
	for line := range strings.Lines(output(t, "ps", "-e", "-o", "pid=,comm=")) {
		fields := strings.Fields(line)
		if len(fields) == 2 && slices.Contains(kinds, fields[1]) {
			group, err := os.ReadFile(filepath.Join("/proc", fields[0], "cgroup"))
			if err != nil {
				continue // gone already
			}
			found = append(found, fields[1]+" "+instance.FindString(string(group)))
		}
	}
	return found
}

// files are those in the folders that containerd, the kubelet and CNI write to by habit.
func files(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, dir := range []string{
		"/run/containerd", "/run/runc", "/run/cni-addresses", "/run/bench",
		"/var/lib/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/volumes",
		"/var/log/pods", "/var/log/containers", "/etc/kubernetes", "/etc/cni", "/opt/cni", "/opt/containerd",
		"/usr/libexec/kubernetes",
	} {
		_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil {
				found = append(found, path)
			}
			return nil
		})
	}
	return found
}
