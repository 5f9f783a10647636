#!/bin/bash
# Prints what the logs of this pod say has gone wrong lately, the last telling lines of each as `FILE: LINE`, the newest first, then
# `end`. A utility that fails often says no more itself than that it did: the cause is in its own log, or in that of an instance.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
telling='FATAL|PANIC|ERROR|WARN.*(fail|error)|No space left|could not|invalid value|[Pp]ermission denied|out of memory|unrecognized'
# What says only that something has been said elsewhere, and how an instance turns away who asks it too early, or asks a mirror.
hollow='Errors generated from parallel|Failures detected, see log|Commencing parallel|processes marked as'
hollow+='|the database system is (in recovery mode|starting up|shutting down|resetting|not accepting connections)|mirror is being promoted'

logs=(/greenplum/.gpk/logs/*.log)
for dir in $(instance_dirs); do
  logs+=("$dir/$GPK_LOG/startup.log" "$dir/$GPK_LOG"/*.csv)
done
for file in "${logs[@]}"; do
  [ -n "$(find "$file" -mmin -15 2>/dev/null)" ] || continue
  # The utilities lead their lines with a time, a host and a level.
  tail -n 2000 "$file" | grep -aE "$telling" | grep -avE "$hollow" | sed -E 's/^[0-9:]+ [^ ]*-\[[A-Z]+\]:-//' |
    tac | awk '!seen[$0]++' | head -n 4 | cut -c -300 | sed "s|^|${file##*/}: |"
done
echo end
