#!/bin/bash
# Which of the cluster's hosts can be reached from here, by their ssh ports. Addresses are noted while all is well, since
# whoever is cut off from the others may be cut off from the DNS too.
#   note     notes the addresses of all hosts
#   count    prints how many hosts can be reached, this one among them, and how many there are
#   reach HOST...   succeeds if one of them can be reached
set -u
noted=/tmp/gpk-addresses
hosts=/gpk/state/hosts

address() { awk -v host="$1" '$1 == host { print $2 }' "$noted" 2>/dev/null | tail -n 1; }

# Called by xargs, and by reach.
answers() {
  local at
  at=$(address "$1")
  timeout 2 bash -c "</dev/tcp/${at:-$1}/22" 2>/dev/null
}

note() {
  # shellcheck disable=SC2016
  xargs -r -P 8 -n 1 bash -c 'at=$(getent hosts "$1") && echo "$1 ${at%% *}"' note <"$hosts" >"$noted.new" 2>/dev/null
  # Whoever has no address for the moment keeps the one that it had.
  cat "$noted.new" >>"$noted" && awk '{ at[$1] = $2 } END { for (host in at) print host, at[host] }' "$noted" >"$noted.new" &&
    mv "$noted.new" "$noted"
}

count() {
  local total reached
  [ -s "$hosts" ] || { echo "0 0"; return; }
  total=$(wc -l <"$hosts")
  # shellcheck disable=SC2016
  reached=$(xargs -r -P 32 -n 1 bash -c '/bin/bash /gpk/scripts/hosts.sh reach "$1" && echo yes' count <"$hosts" | wc -l)
  echo "$reached $total"
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
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
