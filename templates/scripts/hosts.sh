#!/bin/bash
# Which of the cluster's hosts can be reached from here, by their ssh ports. Addresses are noted while all is well, since
# whoever is cut off from the others may be cut off from the DNS too.
#   note     notes the addresses of the coordinators and of the hosts that are counted
#   count    prints how many hosts can be reached, this one among them, and how many were tried
#   reach HOST...   succeeds if one of them can be reached
#   over HOST COMMAND...  runs a command there, at the address that was noted: a host may go on when its name leads elsewhere
#   api             succeeds if the API server can be reached
# Reached is who has spoken: between two hosts there may be a proxy that takes every connection.
# Of many hosts, 64 stand for all. A coordinator that is cut off and the standby that is to follow it count the same ones, so
# that not both of them reach more than half, and a count takes no longer than one host that does not answer.
set -u
# shellcheck source=SCRIPTDIR/env.sh
[ -n "${LOCALDOMAIN:-}" ] || . /gpk/scripts/env.sh
noted=/tmp/gpk-addresses
hosts=/gpk/state/hosts

address() { awk -v host="$1" '$1 == host { print $2 }' "$noted" 2>/dev/null | tail -n 1; }

# Called by xargs, and by reach.
answers() {
  local at
  at=$(address "$1")
  timeout 2 bash -c "exec 3<>/dev/tcp/${at:-$1}/22 && IFS= read -r line <&3 && [[ \$line == SSH-* ]]" 2>/dev/null
}

# Another pod of the cluster may have got the address since: it refuses with the status of an ssh that reaches nobody. A name that leads
# nowhere else is not tried after its address: nobody answers there either.
over() {
  local host=$1 status at found
  shift
  at=$(address "$host")
  if [ -n "$at" ]; then
    there "$at" "$host" "$@"
    status=$?
    [ $status = 255 ] || return $status
    found=$(timeout 5 getent hosts "$host")
    case ${found%% *} in "$at" | '') return 255 ;; esac
  fi
  there "$host" "$host" "$@"
}

# there ADDRESS HOST COMMAND...
there() {
  local at=$1 host=$2
  shift 2
  ssh -n -o BatchMode=yes -o ConnectTimeout=5 -o ControlPath=none -o HostKeyAlias="$host" "$at" \
    "[ \"\${HOSTNAME%%.*}\" = '${host%%.*}' ] || exit 255; $*"
}

# An API server that lost its fellows does not say that it is ready. One that refuses to tell has spoken, and is believed.
# The database's environment may be that of another Python. Without one that knows TLS a connection has to do.
api() {
  local python status
  for python in python3 python python2; do
    timeout 3 env -u PYTHONHOME -u PYTHONPATH -u LD_LIBRARY_PATH -u OPENSSL_CONF "$python" -c '
import sys
try:
    import socket, ssl
except ImportError:
    sys.exit(9)
s = ssl._create_unverified_context().wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2])), 2), server_hostname=sys.argv[1])
s.sendall(b"GET /readyz HTTP/1.0\r\nHost: kubernetes\r\n\r\n")
sys.exit(0 if s.recv(64).split()[1:2] in ([b"200"], [b"401"], [b"403"]) else 1)' \
      "${KUBERNETES_SERVICE_HOST:-}" "${KUBERNETES_SERVICE_PORT:-}" 2>/dev/null
    status=$?
    case $status in 9 | 126 | 127) ;; *) return $status ;; esac
  done
  timeout 3 bash -c "</dev/tcp/${KUBERNETES_SERVICE_HOST:-}/${KUBERNETES_SERVICE_PORT:-}" 2>/dev/null
}

counted() { awk -v all="$(wc -l <"$hosts")" -v most=64 'all <= most || int(NR * most / all) > int((NR - 1) * most / all)' "$hosts"; }

note() {
  # shellcheck disable=SC2016
  { xargs -n 1 <<<"$GPK_COORDINATORS"; counted; } | sort -u |
    xargs -r -P 8 -n 1 bash -c 'at=$(getent hosts "$1") && echo "$1 ${at%% *}"' note >"$noted.new" 2>/dev/null
  # Whoever has no address for the moment keeps the one that it had.
  cat "$noted.new" >>"$noted" && awk '{ at[$1] = $2 } END { for (host in at) print host, at[host] }' "$noted" >"$noted.new" &&
    mv "$noted.new" "$noted"
}

count() {
  local reached
  [ -s "$hosts" ] || { echo "0 0"; return; }
  # shellcheck disable=SC2016
  reached=$(counted | xargs -P 64 -n 1 bash -c '/bin/bash /gpk/scripts/hosts.sh reach "$1" && echo yes' count | wc -l)
  echo "$reached $(counted | wc -l)"
}

reach() {
  local host
  for host; do
    answers "$host" && return 0
  done
  return 1
}

verb=$1
shift
case $verb in
  note) note ;;
  count) count ;;
  reach) reach "$@" ;;
  over) over "$@" ;;
  api) api ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
