#!/bin/bash
# Tries ssh to every host named on standard input, many at once, and prints `HOST ok`, `HOST ok fresh` for one whose volume
# has seen no initialisation yet, or `HOST CAUSE`. The connections stay open as multiplexing masters, which spares the
# utilities their handshakes. A host's address must lead back to its name as well: pg_hba.conf knows hosts by name, and the
# server asks the DNS what an address is called.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

# The kubelet names the cluster's domain: among the domains to search is svc.DOMAIN.
domain=$(sed -n 's/^search.* svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf 2>/dev/null | head -n 1)
export domain

try() {
  # ssh alone would not say which of the two it waited for.
  address=$(timeout 10 getent ahosts "$1")
  case $? in
    0) read -r address _ <<<"$address" ;;
    124) echo "$1 the DNS did not answer within 10 s"; return ;;
    *)
      if [ -n "$domain" ] && [ "${1%".svc.$domain"}" = "$1" ]; then
        echo "$1 the DNS has no address for it, and spec.network.clusterDomain is not $domain," \
          "as /etc/resolv.conf of this pod says"
      else
        echo "$1 the DNS has no address for it"
      fi
      return
      ;;
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
  # An address that several Services lead to has as many names, and each answer begins with another one.
  for _ in 1 2 3 4 5 6; do
    name=
    read -r _ name _ < <(getent hosts "$address")
    if [ "${name,,}" = "${1,,}" ]; then
      echo "$1 ok${answer:+ $answer}"
      return
    fi
  done
  echo "$1 reverse DNS calls its address $address ${name:-nothing at all}: pg_hba.conf needs the host's own name"
}
export -f try
# shellcheck disable=SC2016
xargs -r -P 16 -n 1 bash -c 'try "$1"' try
