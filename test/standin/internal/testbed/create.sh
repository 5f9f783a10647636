#!/bin/bash
# Lays out a host: a root over the image, a network namespace on the bridge with
# the sysctls of a pod, keys that are known to all.
set -e
disk=$(dirname "$ROOT")
mkdir -p "$disk/upper" "$disk/work" "$ROOT"
mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$disk/upper,workdir=$disk/work" "$ROOT"
ip netns add "$NETNS"
ip link add "$VETH" type veth peer name eth0 netns "$NETNS"
ip link set "$VETH" master "$BRIDGE" up
ip -n "$NETNS" addr add "$IP/24" dev eth0
ip -n "$NETNS" link set eth0 up
ip -n "$NETNS" link set lo up
nsenter --net="/run/netns/$NETNS" sh -c 'echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
	echo 0 65535 > /proc/sys/net/ipv4/ping_group_range'
home=$ROOT/home/gpadmin
mkdir -p "$home/.ssh" "$home/sshd" "$ROOT/proc" "$ROOT/dev" "$ROOT/tmp" "$ROOT/run/sshd"
mkdir -p "$ROOT/greenplum/coordinator" "$ROOT/greenplum/primary" "$ROOT/greenplum/mirror"
cp "$KEYS/user" "$home/.ssh/id_ed25519"
cp "$KEYS/user.pub" "$home/.ssh/authorized_keys"
cp "$KEYS/host" "$home/sshd/host"
{ printf '* '; cat "$KEYS/host.pub"; } > "$home/.ssh/known_hosts"
chmod 600 "$home/.ssh/id_ed25519"
