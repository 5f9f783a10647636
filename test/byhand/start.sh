#!/bin/bash
# The pods' first process: keys and environment for ssh, then sshd. The databases are the business of Greenplum's utilities.
set -eu
export HOME=/home/gpadmin
umask 077
mkdir -p ~/.ssh /greenplum/coordinator /greenplum/primary /greenplum/mirror
# ssh refuses keys that others may read.
cp /keys/id_ed25519 /keys/authorized_keys ~/.ssh/
[ -f ~/.ssh/host_key ] || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/host_key
# Nobody knows the host keys: they are made in the pods.
cat >~/.ssh/config <<'CONFIG'
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
CONFIG
# gpexpand calls new hosts by what their `hostname` says.
printf 'CanonicalizeHostname yes\nCanonicalDomains %s\n' "$(hostname -f | cut -d . -f 2-)" >>~/.ssh/config
# ssh HOST COMMAND reads nothing but this.
cat >~/.bashrc <<'BASHRC'
. /usr/local/greenplum-db/greenplum_path.sh
export LANG=en_US.UTF-8 USER=gpadmin LOGNAME=gpadmin
# Greenplum 7 reads the first name, 6 the second.
export COORDINATOR_DATA_DIRECTORY=/greenplum/coordinator/gpseg-1 MASTER_DATA_DIRECTORY=/greenplum/coordinator/gpseg-1 PGPORT=5432
BASHRC
exec /usr/sbin/sshd -D -e -f /dev/null -h ~/.ssh/host_key -p 22 -o PidFile=none -o UsePAM=no -o LogLevel=ERROR
