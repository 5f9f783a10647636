#!/bin/bash
# The first process of every pod: makes the pod a host that Greenplum's utilities can work with, which is what they expect
# of a machine: an environment, known ssh keys, and sshd. LANG comes from the pod's environment.
set -u

die() {
  echo "gpk: $*" >&2
  exit 1
}

# /tmp outlives the container. What is left there is of processes that do not: sockets, their locks, connections of ssh. It goes first: what
# gpk starts in the pod from now on has files there too.
find /tmp/ -mindepth 1 -delete 2>/dev/null

sshd_pid='' keep_pid='' ours=''

# Called by the trap, and at the end. Until the volume is this pod's alone, the pid files are another one's.
# shellcheck disable=SC2317
stop() {
  [ -z "$keep_pid" ] || kill "$keep_pid" 2>/dev/null
  [ -z "$ours" ] || /bin/bash /gpk/scripts/instances.sh stop
  [ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null
}
# The first process hears of no signal that it has no trap for.
trap 'stop; exit 0' TERM INT

sshd=$(command -v sshd || command -v /usr/sbin/sshd) || die "the image has no sshd; docs/image.md says what gpk needs of an image"
# In pods that an earlier gpk made, it is the image that has the user and its home.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
[ -n "$home" ] || die "/etc/passwd has no user with the id $(id -u); docs/image.md says who the user is"
export HOME=$home
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh ||
  die "the image has no greenplum_path.sh, greengage_path.sh or cloudberry-env.sh in ${GPHOME:-the usual places}; docs/image.md says what" \
    "gpk needs of an image"

umask 077
# See env.sh. What the container itself has in its environment is not the utilities'.
env -i PATH="$PATH" HOME="$HOME" GPHOME="$GPHOME" GPK_HOSTS_SERVICE="${GPK_HOSTS_SERVICE:-}" /bin/bash -c '. /gpk/scripts/env.sh && declare -px' |
  grep -vE '^declare -x ((PWD|OLDPWD|SHLVL|HOME)(=|$)|[^=]*$)' >/tmp/gpk-environment.new && mv /tmp/gpk-environment.new /tmp/gpk-environment
mkdir -p "$HOME/.ssh" /tmp/ssh /greenplum/.gpk/jobs /greenplum/.gpk/logs ||
  die "the user $(id -u), with the groups $(id -G), cannot write to $HOME, /tmp or /greenplum; docs/image.md says who the user is"
# ssh refuses keys that others may read, and a mounted Secret is readable by the pod's group. The home outlives the container too, and
# nobody may write to the copies in it.
cp -f /gpk/ssh/host_key /gpk/ssh/id_ed25519 /gpk/ssh/authorized_keys /gpk/ssh/known_hosts /gpk/ssh/config "$HOME/.ssh/" ||
  die "the user $(id -u), with the groups $(id -G), cannot read the keys in /gpk/ssh; docs/image.md says who the user is"
# A cluster that an earlier gpk made has no certificates before it has been converted.
[ ! -e /gpk/ssh/gpadmin.crt ] || /bin/bash /gpk/scripts/hba.sh certificate || die "cannot write to $HOME"
sed "s|~|$HOME|" /gpk/scripts/sshd_config >"$HOME/.ssh/sshd_config"
printf 'export LANG=%q\n. /gpk/scripts/env.sh\n' "${LANG:-C}" >"$HOME/.bashrc"
# What a login shell reads instead.
[ -e "$HOME/.bash_profile" ] || [ -e "$HOME/.profile" ] || echo '. ~/.bashrc' >"$HOME/.bash_profile"
# The utilities' own logs outlive the container. An image in which a utility has run has a folder in that place.
[ -L "$HOME/gpAdminLogs" ] || [ ! -e "$HOME/gpAdminLogs" ] || mv -T "$HOME/gpAdminLogs" "$HOME/gpAdminLogs.image"
ln -sfn /greenplum/.gpk/logs "$HOME/gpAdminLogs"

# A pod that was deleted by force may have its successor on the same volume while it still runs, and the database does not see a
# server that runs in another container. Whatever this process starts has the lock too, until it is no more. Other statuses than 1 say
# that there are no such locks here.
lock() {
  local said=
  exec 9>/greenplum/.gpk/lock || die "cannot write to /greenplum"
  until flock -n 9; do
    [ $? = 1 ] || { echo "gpk: cannot lock the volume: nothing keeps another pod from using it as well" >&2; return; }
    [ -n "$said" ] || echo "gpk: another pod still uses the volume: waiting until it has ended" >&2
    said=1
    : >/tmp/gpk-waits
    sleep 1 &
    wait $!
  done
}
rm -f /tmp/gpk-waits
lock
rm -f /tmp/gpk-waits

# No process of an earlier container lives, but its pid may name a stranger in this one, and the database would then
# refuse to start.
for dir in $(instance_dirs); do
  rm -f "$dir/postmaster.pid"
done
ours=1

"$sshd" -D -e -f "$HOME/.ssh/sshd_config" &
sshd_pid=$!
/bin/bash /gpk/scripts/keep.sh &
keep_pid=$!

# wait returns for the trap at once, and as the first process this shell also buries what the utilities orphan. Without keep.sh
# nothing fences a coordinator that is cut off: the container starts again.
while kill -0 "$sshd_pid" 2>/dev/null && kill -0 "$keep_pid" 2>/dev/null; do
  sleep 2 >/dev/null 2>&1 9>&- &
  wait $!
done
ended=sshd
kill -0 "$keep_pid" 2>/dev/null || ended=keep.sh
stop
die "$ended ended"
