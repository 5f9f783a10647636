#!/bin/bash
# Prints what a bench could leave behind on this machine, one thing a line, sorted: `make test` compares it before and after.
# What comes and goes by itself (pids, counters, systemd's own control groups, groups within those of others) is left out.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd -P)

# Processes in a pid namespace other than ours, and those that run from, or in, the project's .bench.
processes() {
  local dir pid here
  here=$(readlink /proc/self/ns/pid)
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    [ "$pid" != $$ ] || continue
    if [ "$(readlink "$dir/ns/pid" || true)" = "$here" ]; then
      case "$(readlink "$dir/exe" "$dir/cwd" "$dir/root" || true)" in
        *"$project/.bench/run"* | *"$project/.bench/bin/kube-"*) ;;
        *) continue ;;
      esac
    fi
    # A kernel thread, or a process that has just ended, has no command line.
    tr '\0' ' ' <"$dir/cmdline" | cut -c -120 | sed 's/^./process &/' || true
  done 2>/dev/null
}

# Rules, chains of one's own, and policies that are not the default.
rules() {
  local save
  for save in iptables-save ip6tables-save; do
    command -v "$save" >/dev/null || continue
    "$save" 2>/dev/null | awk -v p="$save" '/^\*/ {t=$1} /^-A/ || (/^:/ && $2 != "ACCEPT") {sub(/ \[.*\]$/, ""); print "rule", p, t, $0}'
  done
}

settings() {
  local name
  for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
    kernel/keys/root_maxbytes net/ipv4/ip_forward; do
    [ ! -r "/proc/sys/$name" ] || echo "sysctl $name=$(cat "/proc/sys/$name")"
  done
}

# Folders that containerd, the kubelet and CNI write to by habit. The first `ip netns add` of a machine makes /run/netns and mounts it on
# itself, for good: what counts is what is in it.
files() {
  local dir
  [ ! -d /run/netns ] || find /run/netns -mindepth 1 -printf 'file %p\n'
  for dir in /run/runc /run/cni-addresses /var/lib/cni /var/lib/kubelet /var/lib/etcd /var/log/pods \
    /var/log/containers /etc/cni /etc/kubernetes; do
    [ ! -d "$dir" ] || find "$dir" -printf 'file %p\n'
  done
}

{
  processes
  rules
  settings
  files
  awk '$5 != "/run/netns" {for (i = 7; $i != "-"; i++) {}; print "mount", $5, $(i + 1)}' /proc/self/mountinfo
  for link in /sys/class/net/*; do echo "link ${link##*/}"; done
  awk 'NR > 1 {print "route", $1, $2, $3, $8}' /proc/net/route
  find /sys/fs/cgroup -maxdepth 2 -type d ! -path '*.slice*' ! -path '*.scope*' -printf 'cgroup %p\n' 2>/dev/null || true
} | LC_ALL=C sort
