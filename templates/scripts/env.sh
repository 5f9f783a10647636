#!/bin/bash
# The environment that Greenplum's utilities need. Sourced by the other scripts and, through ~/.bashrc, by every ssh
# command, since over ssh nothing else is read.

# cluster.yaml has the locale (LANG). An image may have others for all programs, or for their messages, which gpk reads. bash warns of a
# locale that is not there.
{ unset LC_ALL LC_MESSAGES LANGUAGE; } 2>/dev/null

# instance_dirs prints the data directories of this pod, and not what somebody has put beside them, as a copy named gpseg0.before.
instance_dirs() {
  local dir
  for dir in /greenplum/*/gpseg*; do
    [[ ! -d $dir || ! $dir =~ /[^/[:space:]]+/gpseg(-1|[0-9]+)$ ]] || echo "$dir"
  done
}

# domains prints those that glibc is to look names up below: the hosts' Service first, then the pod's own. Otherwise a Service of a pod's
# name, or a wildcard among the domains of the node, would have that pod's name. The kubelet lists NAMESPACE.svc.DOMAIN. What gpk has added
# below the Service counts where it does not: gpk only guesses the domain, for programs that know no LOCALDOMAIN.
domains() {
  local search=() domain kubelets='' added=''
  read -ra search < <(sed -n 's/^search[[:space:]]*//p' /etc/resolv.conf 2>/dev/null | tail -n 1)
  for domain in "${search[@]}"; do
    [[ -n $kubelets || ! $domain =~ ^[^.]+\.svc(\.|$) ]] || kubelets=$GPK_HOSTS_SERVICE.$domain
    [[ $domain != "$GPK_HOSTS_SERVICE".* ]] || added=$domain
  done
  domain=${kubelets:-$added}
  [ -z "$domain" ] || echo "$domain" "${search[@]}"
}

# What gpk's own sessions rely on, whatever settings the server has. It is not exported: a server that a script starts would have it too.
# shellcheck disable=SC2034
session_options='-c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off -c standard_conforming_strings=on'
session_options+=' -c session_preload_libraries= -c local_preload_libraries='

# follows says whether a copy follows another one: it has this file (Greenplum 7) or that (6). Only such a copy may start unasked, since it
# takes no writes.
follows() { [ -e "$1/standby.signal" ] || [ -e "$1/recovery.conf" ]; }

# encryption_of PORT [HOST] prints the letter with which a server answers a client who asks for encryption: S if it runs with it, N
# without. It answers in whatever state it is, and says nothing of a client who then leaves. Prints nothing if nobody answers.
encryption_of() (
  exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1" || return
  printf '\0\0\0\010\004\322\026\057' >&3
  IFS= read -r -n 1 -t 3 letter <&3 && echo "$letter"
)

# newest_log prints the newest log of an instance, of those for which these tests of find hold.
newest_log() {
  find "$1/$GPK_LOG" -maxdepth 1 -type f ! -name startup.log "${@:2}" -printf '%T@ %p\n' 2>/dev/null |
    sort -n | tail -n 1 | cut -d ' ' -f 2-
}

# The utilities open hundreds of shells, and the image's script starts programs of its own: start.sh keeps what it has set.
if [ -f /tmp/gpk-environment ]; then
  # shellcheck source=/dev/null
  . /tmp/gpk-environment
  # The start.sh of an earlier gpk has not kept it.
  # shellcheck source=SCRIPTDIR/release.sh
  [ -n "${GPK_WAL:-}" ] || . /gpk/scripts/release.sh
  return
fi
# environment_script prints the first script that sets the environment of an installation in one of the places. It has the name that the
# distribution gave it, and no release is asked.
environment_script() {
  local place script
  for place; do
    for script in "$place"/{greenplum_path,greengage_path,cloudberry-env}.sh; do
      [ ! -f "$script" ] || { echo "$script"; return; }
    done
  done
  return 1
}
# What the image says of itself counts alone.
if [ -n "${GPHOME:-}" ]; then
  environment=$(environment_script "$GPHOME") || return 1
else
  environment=$(environment_script /usr/local/{greenplum-db,cloudberry-db,greengage-db,gpdb} /opt/{greenplum-db,cloudberry-db} \
    /usr/local/{greenplum-db,cloudberry-db,greengage-db}-* /opt/{greenplum-db,cloudberry-db}-* /usr/edb/whpg* \
    /opt/greengagedb/greengage*) || return 1
fi
GPHOME=${environment%/*}
# What it prints is no answer of a script, what a script reads is not for it, and it may use variables that nobody has set.
unset_is=$(shopt -po nounset)
set +u
# shellcheck source=/dev/null
. "$environment" >&2 </dev/null
$unset_is
# shellcheck source=SCRIPTDIR/release.sh
. /gpk/scripts/release.sh
USER=$(id -un)
export GPHOME USER LOGNAME=$USER
LOCALDOMAIN=${GPK_HOSTS_SERVICE:+$(domains)}
[ -z "$LOCALDOMAIN" ] || export LOCALDOMAIN
# Greenplum 7 reads the first name, 6 the second. Both copies of the coordinator live under the same path.
export COORDINATOR_DATA_DIRECTORY=/greenplum/coordinator/gpseg-1
export MASTER_DATA_DIRECTORY=$COORDINATOR_DATA_DIRECTORY
export PGPORT=5432 PGUSER=$USER
