#!/bin/bash
# Carries out one command after another for gpk, which keeps this exec open for them: an exec of its own costs each a tenth of a
# second of a processor, most of it the container runtime's.
#   reads   `ARGUMENTS BYTES`, so many arguments with a NUL after each, so many bytes, which are the command's standard input,
#           and `end`
#   prints  `ready`, and then of each command `STATUS BYTES BYTES`, and what it has said on standard output and on standard error
# What has not arrived whole is not carried out. It ends with its input, and says `idle` when it ends because it has been asked nothing
# for two minutes, or for as many seconds as it was told.
set -u
# Before 4.4 mapfile knows no NUL.
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || exit 1
folder=$(mktemp -d) && : >"$folder/input" || exit 1
trap 'rm -rf "$folder"' EXIT
# The image may have a file that every shell reads at its start, and that prints something.
unset BASH_ENV ENV

# Lengths are in bytes here, and in letters elsewhere.
answer() {
  local LC_ALL=C
  printf '%d %d %d\n%s%s' "$1" "${#2}" "${#3}" "$2" "$3"
}

# Its status is that of read, which is above 128 when that has waited long enough.
asked() {
  local status
  read -r -t "$1" count bytes
  status=$?
  [ $status -le 128 ] || echo idle
  return $status
}

echo ready
# shellcheck source=SCRIPTDIR/prune.sh
. /gpk/scripts/prune.sh
prune_daily 2>/dev/null
while asked "${1:-120}"; do
  mapfile -d '' -t -n "$count" command
  [ "$bytes" = 0 ] || head -c "$bytes" >"$folder/input"
  read -r word && [ "$word" = end ] || exit 1
  said=$("${command[@]}" <"$folder/input" 2>"$folder/errors"; printf '\n%d' $?)
  # What was in it need not lie there.
  : >"$folder/input"
  IFS= read -r -d '' errors <"$folder/errors"
  answer "${said##*$'\n'}" "${said%$'\n'*}" "$errors"
done
