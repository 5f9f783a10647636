#!/bin/bash
# Keeps what gpk and the utilities leave on this pod's volume from growing without an end. Sourced by job.sh and session.sh.
#   earlier runs of a job           the newest 10 of it, none older than 30 days, but the last one in any case
#   the utilities' logs             the newest 200, none older than 30 days; the utilities begin a new one each day
#   files of a start that was cut   for a day
#   copies of a standby, set aside  the newest 2; a coordinator's data set aside are none, and stay until somebody discards them

jobs=/greenplum/.gpk/jobs

prune_runs() {
  local name run
  local -A seen=()
  # Their names end with the time, so the newest comes first.
  while read -r run; do
    name=${run%.*.*}
    seen[$name]=$((${seen[$name]:-0} + 1))
    [ "${seen[$name]}" -gt 1 ] || continue
    if [ "${seen[$name]}" -gt 10 ] || [ -n "$(find "$jobs/$run" -maxdepth 0 -mtime +30)" ]; then
      rm -rf -- "${jobs:?}/$run"
    fi
  done < <(find "$jobs" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
    grep -E '\.[0-9]{8}T[0-9]{6}\.[0-9]+$' | sort -r)
  find "$jobs" -mindepth 1 -maxdepth 1 -type d -name '.new.*' -mtime +0 -exec rm -rf -- {} +
}

# A utility that runs writes to a log of today.
prune_logs() {
  local logs=/greenplum/.gpk/logs file
  [ -d "$logs" ] || return 0
  find "$logs" -type f -mtime +30 -delete
  find "$logs" -type f -mtime +0 -printf '%T@ %p\n' | sort -rn | tail -n +201 | cut -d ' ' -f 2- |
    while read -r file; do rm -f -- "$file"; done
}

# A coordinator's data directory has no signal to follow. Commits that no other copy has may be in it.
prune_aside() {
  local copy follows=0
  while read -r copy; do
    [ -e "$copy/standby.signal" ] || [ -e "$copy/recovery.conf" ] || continue
    follows=$((follows + 1))
    [ "$follows" -le 2 ] || rm -rf -- "$copy"
  done < <(find /greenplum/.gpk/aside -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -r)
}

prune() {
  prune_runs
  prune_logs
  prune_aside
}

# Once a day is enough, and costs no process of its own at other times.
prune_daily() {
  local today day=''
  printf -v today '%(%F)T' -1
  { read -r day <"$jobs/.pruned"; } 2>/dev/null
  [ "$day" != "$today" ] || return 0
  echo "$today" >"$jobs/.pruned" || return 0
  prune </dev/null >/dev/null 2>&1 9>&- &
}
