#!/bin/bash
# What may hurt before anybody notices, as the acting coordinator's pod sees it: volumes that fill up, log that is kept for a copy that is
# away, hosts and servers that it does not reach. Everything is asked at once, and nobody for longer than four seconds.
#   look   reads `HOST PORT...` line by line, then `end`. Prints what `here` prints after the host's name, or `HOST silent` where ssh does
#          not reach it, or `HOST unknown`; and `HOST closed PORT` for each port on which no server answers; then `end`
#   here   prints of this host `disk SIZE AVAILABLE`, and `log DIR SIZE` for the write-ahead log of each instance, in bytes
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

here() {
  local dir
  # What is kept for root is nobody's room.
  df -B 1 --output=used,avail /greenplum | awk 'NR == 2 { printf "disk %.0f %.0f\n", $1 + $2, $2 }'
  for dir in $(instance_dirs); do
    du -sb "$dir/$GPK_WAL" 2>/dev/null | sed "s|^\([0-9]*\).*|log $dir \1|"
  done
}

ask() {
  local host=$1 said status
  if [ "${host%%.*}" = "${HOSTNAME%%.*}" ]; then
    here
    return
  fi
  said=$(timeout 4 ssh -o BatchMode=yes -o ConnectTimeout=3 "$host" \
    "echo; echo gpk-begins; unset BASH_ENV; /bin/bash /gpk/scripts/health.sh here" </dev/null 2>/dev/null)
  status=$?
  # What the host's shell prints before is no answer. A pod may not have this script yet, or no time to answer.
  case $status in
    0) sed '0,/^gpk-begins$/d' <<<"$said" ;;
    255) echo silent ;;
    *) echo unknown ;;
  esac
}

# shellcheck disable=SC2016
knock() { [ -n "$(timeout 4 bash -c 'encryption_of "$1" "$2"' knock "$2" "$1" 2>/dev/null)" ] || echo "closed $2"; }

both() {
  local host=$1 port
  shift
  {
    ask "$host" &
    for port; do knock "$host" "$port" & done
    wait
  } | sed "s/^/$host /"
}

look() {
  local line all=''
  while read -r line && [ "$line" != end ]; do all+=$line$'\n'; done
  # A list that was cut off on its way must not be taken for a shorter one.
  [ "$line" = end ] || { echo "the list of hosts did not arrive whole" >&2; return 1; }
  export -f here ask knock both instance_dirs encryption_of
  # shellcheck disable=SC2016
  xargs -r -P 32 -L 1 bash -c 'both "$@"' both <<<"${all%$'\n'}"
  echo end
}

verb=$1
shift
case $verb in
  look) look ;;
  here) here ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
