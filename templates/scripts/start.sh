#!/bin/bash
# The first process of every pod: makes the pod a host that Greenplum's utilities can work with, which is what they expect
# of a machine: an environment, known ssh keys, and sshd. LANG comes from the pod's environment.
set -u

die() {
  echo "gpk: $*" >&2
  exit 1
}

sshd=$(command -v sshd || command -v /usr/sbin/sshd) || die "the image has no sshd; docs/image.md says what gpk needs of an image"
home=$(getent passwd "$(id -u)" | cut -d: -f6)
[ -n "$home" ] || die "the image has no user with the id $(id -u); docs/image.md says what gpk needs of an image"
export HOME=$home
rm -f /tmp/gpk-environment
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh || die "the image has no greenplum_path.sh under $GPHOME; docs/image.md says what gpk needs of an image"

umask 077
# See env.sh. What the container itself has in its environment is not the utilities'.
env -i PATH="$PATH" HOME="$HOME" GPHOME="$GPHOME" /bin/bash -c '. /gpk/scripts/env.sh && declare -px' |
  grep -vE '^declare -x ((PWD|OLDPWD|SHLVL|HOME)(=|$)|[^=]*$)' >/tmp/gpk-environment.new && mv /tmp/gpk-environment.new /tmp/gpk-environment
mkdir -p "$HOME/.ssh" /tmp/ssh /greenplum/.gpk/jobs /greenplum/.gpk/logs || die "cannot write to $HOME, /tmp or /greenplum"
# ssh refuses keys that others may read, and a mounted Secret is readable by the pod's group.
cp /gpk/ssh/host_key /gpk/ssh/id_ed25519 /gpk/ssh/authorized_keys /gpk/ssh/known_hosts /gpk/ssh/config "$HOME/.ssh/"
sed "s|~|$HOME|" /gpk/scripts/sshd_config >"$HOME/.ssh/sshd_config"
printf 'export LANG=%q\n. /gpk/scripts/env.sh\n' "${LANG:-C}" >"$HOME/.bashrc"
# The utilities' own logs outlive the container.
ln -sfn /greenplum/.gpk/logs "$HOME/gpAdminLogs"

# No process of an earlier container lives, but its pid may name a stranger in this one, and the database would then
# refuse to start.
rm -f /greenplum/*/gpseg*/postmaster.pid

"$sshd" -D -e -f "$HOME/.ssh/sshd_config" &
sshd_pid=$!
/bin/bash /gpk/scripts/keep.sh &

# Called by the trap only.
# shellcheck disable=SC2317
stop() {
  /bin/bash /gpk/scripts/instances.sh stop
  kill "$sshd_pid" 2>/dev/null
  exit 0
}
trap stop TERM INT

# wait returns for the trap as well, and as the first process this shell also buries what the utilities orphan.
while kill -0 "$sshd_pid" 2>/dev/null; do
  wait "$sshd_pid"
done
die "sshd ended"
