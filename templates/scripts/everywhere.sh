#!/bin/bash
# Runs one of the other scripts on many hosts at once. It is run in a coordinator's pod, from which the connections of ssh
# are open: over them a call costs a fraction of what an exec in each pod does.
#   everywhere.sh SCRIPT VERB [SECONDS]    reads `HOST ARGUMENT...` line by line, then `end`, then what every call has as its standard input.
#                                          After so many seconds no call begins or goes on: those that have not ended count as unreached
# Prints of every host `HOST LINE` for each line that the script has printed, and `HOST exit STATUS`. Then it prints `end`.
set -u
# shellcheck source=SCRIPTDIR/env.sh
[ -n "${LOCALDOMAIN:-}" ] || . /gpk/scripts/env.sh
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# A list that was cut off on its way must not be taken for a shorter one.
while read -r line && [ "$line" != end ]; do
  echo "$line" >>"$folder/calls"
done
[ "$line" = end ] || { echo "the list of hosts did not arrive whole: nothing was done" >&2; exit 1; }
cat >"$folder/input"
mkdir "$folder/said"

# What was said on standard error matters only of what has failed.
call() {
  local folder=$1 script=$2 verb=$3 host=$4 status
  shift 4
  # What the host's shell prints before is not the script's. The script runs last, so that its status is that of ssh.
  ssh -o BatchMode=yes "$host" echo ";" echo "$mark;" unset "BASH_ENV;" /bin/bash "/gpk/scripts/$script" "$verb" "$@" \
    <"$folder/input" >"$folder/said/$host" 2>"$folder/said/$host.err"
  status=$?
  sed -i "0,/^$mark\$/d" "$folder/said/$host"
  [ $status = 0 ] || echo "$(<"$folder/said/$host.err")" >>"$folder/said/$host"
  echo "exit $status" >>"$folder/said/$host"
  rm "$folder/said/$host.err"
}
export -f call
export mark=gpk-begins
# shellcheck disable=SC2016
${3:+timeout "$3"} xargs -r -P 16 -L 1 bash -c 'call "$@"' call "$folder" "$1" "$2" <"$folder/calls"
if [ -n "${3:-}" ]; then
  while read -r host _; do
    grep -qs '^exit ' "$folder/said/$host" || echo "exit 255" >"$folder/said/$host"
    rm -f "$folder/said/$host.err"
  done <"$folder/calls"
fi

cd "$folder/said" && awk '{ print FILENAME, $0 }' ./* | sed 's|^\./||'
echo end
