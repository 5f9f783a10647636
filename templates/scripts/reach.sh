#!/bin/bash
# Tries ssh to every host named on standard input, many at once, and prints `HOST ok`, `HOST ok fresh` for one whose volume
# has seen no initialisation yet, or `HOST CAUSE`. The connections stay open as multiplexing masters, which spares the
# utilities their handshakes.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

# Where the kubelet names the cluster's domain, among the domains to search is NAMESPACE.svc.DOMAIN.
unnamed=", and /etc/resolv.conf of this pod does not name the cluster's domain, as spec.network.clusterDomain can"
! grep -Eq '^search.* [^ .]+\.svc(\.| |$)' /etc/resolv.conf || unnamed=
export unnamed

try() {
  # ssh alone would not say which of the two it waited for.
  timeout 10 getent ahosts "$1" >/dev/null
  case $? in
    0) ;;
    124) echo "$1 the DNS did not answer within 10 s"; return ;;
    *) echo "$1 the DNS has no address for it$unnamed"; return ;;
  esac
  # shellcheck disable=SC2016
  answer=$(timeout 10 ssh -o BatchMode=yes -o ConnectTimeout=5 "$1" '[ -n "$(ls -A /greenplum/.gpk/initialis* 2>/dev/null)" ] || echo fresh' 2>&1)
  status=$?
  if [ $status = 124 ]; then
    # A shared connection that was open when the network broke hangs.
    ssh -O exit "$1" 2>/dev/null
    echo "$1 ssh, port 22, did not answer within 10 s"
    return
  elif [ $status != 0 ]; then
    echo "$1 ${answer//$'\n'/ }"
    return
  fi
  # What else the host's shell prints is no answer.
  [ "${answer##*$'\n'}" = fresh ] && answer=fresh || answer=
  echo "$1 ok${answer:+ $answer}"
}
export -f try
# shellcheck disable=SC2016
xargs -r -P 16 -n 1 bash -c 'try "$1"' try
