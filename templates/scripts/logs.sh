#!/bin/bash
# Prints the logs of the database instances of this pod, each line behind the name of its instance and a tab: of each the
# newest log, and what was said at the last start if the instance did not come as far as its log.
#   logs.sh LINES SECONDS end       the last LINES of each, all for -1, without what is older than SECONDS, unless these are 0
#   logs.sh LINES SECONDS follow    and then what is added, until standard input ends: that is how a process in a pod hears
#                                   that nobody listens any more
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
lines=$1
seconds=$2
mode=$3

# A line without a time belongs to the one before it.
recent() {
  if [ "$seconds" = 0 ]; then
    cat
  else
    awk -v cutoff="$(date -d "-$seconds seconds" '+%Y-%m-%d %H:%M:%S')" '
      /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:/ { keep = substr($0, 1, 19) >= cutoff }
      keep'
  fi
}

last() {
  if [ "$lines" -lt 0 ]; then
    cat
  else
    tail -n "$lines"
  fi
}

# Greenplum begins a new log every day, and after so many bytes.
follow() {
  local dir=$1 file=$2 offset=$3 reader next
  while true; do
    tail -c "+$((offset + 1))" -s 0.5 -f "$file" &
    reader=$!
    next=$file
    while [ "$next" = "$file" ]; do
      sleep 2
      next=$(newest_log "$dir")
    done
    kill "$reader"
    file=$next
    offset=0
  done
}

instance() {
  local dir=$1 file size
  file=$(newest_log "$dir")
  if [ -f "$dir/$GPK_LOG/startup.log" ] && { [ -z "$file" ] || [ "$dir/$GPK_LOG/startup.log" -nt "$file" ]; }; then
    last <"$dir/$GPK_LOG/startup.log"
  fi
  [ -n "$file" ] || return 0
  size=$(stat -c %s "$file")
  head -c "$size" "$file" | recent | last
  [ "$mode" != follow ] || follow "$dir" "$file" "$size"
}

# With job control every pipeline is a process group of its own, and can be ended with all that is in it.
set -m
for dir in $(instance_dirs); do
  if [ "$mode" = follow ]; then
    instance "$dir" | sed -u "s|^|${dir##*/}\t|" &
  else
    instance "$dir" | sed "s|^|${dir##*/}\t|"
  fi
done
[ "$mode" = follow ] || exit 0
cat >/dev/null
for group in $(jobs -p); do
  kill -- "-$group"
done
