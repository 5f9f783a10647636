#!/bin/bash
# Says who the pod's user is, before its other containers start: the numbers come from cluster.yaml or from the namespace, and an image
# knows only its own user. What this writes is mounted over the image's /etc/passwd and /etc/group, as the user's home and as /tmp.
# The root of the container is read-only, so nothing here may need a file elsewhere, as bash's <<< does.
set -eu
folder=/gpk/user
uid=$(id -u) gid=$(id -g)

# The first line of a number counts. Older versions of sshd want a user of their own, also where they run as another one.
users() {
  echo "root:x:0:0:root:/root:/bin/bash"
  echo "gpadmin:x:$uid:$gid:Greenplum:/home/gpadmin:/bin/bash"
  echo "sshd:x:74:74:sshd:/:/sbin/nologin"
  echo "nobody:x:65534:65534:nobody:/:/sbin/nologin"
}

# The group of a terminal is tty's, and sshd gives a terminal to the group of that name. OpenShift's users are of the group root.
groups() {
  echo "root:x:0:"
  [ "$gid" = 0 ] || echo "gpadmin:x:$gid:"
  echo "tty:x:5:"
  echo "sshd:x:74:"
  echo "nobody:x:65534:"
}

umask 022
users >"$folder/passwd"
groups >"$folder/group"
# sshd refuses the keys in a home that others may write to.
mkdir -p "$folder/home" "$folder/tmp"
chmod 0700 "$folder/home"
chmod 1777 "$folder/tmp"
