#!/bin/bash
# The first process of a host: its own /proc, /dev, /tmp and name, then sshd as
# a user without any privilege, as in a restricted pod.
set -e
mount --make-rprivate /
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
hostname "$NAME"
exec chroot "$ROOT" setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
	/usr/sbin/sshd -D -e -f /home/gpadmin/sshd/config
