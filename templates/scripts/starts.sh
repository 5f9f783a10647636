#!/bin/bash
# Ends what is about to start an instance of this pod, so that none comes up after it was stopped. Sourced by coordinator.sh and
# instances.sh.

# starts_database says whether words are those of a gpstart, which is a program or a script, or of what becomes one.
starts_database() {
  case ${1##*/} in
    gpstart) return 0 ;;
    python* | bash | sh) [ "${2##*/}" = gpstart ] || [ "${2##*/} ${3:-}" = "coordinator.sh begin" ] ;;
    *) return 1 ;;
  esac
}

# starters prints the processes that lead to a start of the instance in a directory. gpstart has it in its environment only.
starters() {
  local process words
  for process in /proc/[0-9]*; do
    mapfile -d '' -t words 2>/dev/null <"$process/cmdline"
    [ "${#words[@]}" -gt 1 ] || continue
    if starts_database "${words[@]:0:3}"; then
      ! grep -qszxF -- "COORDINATOR_DATA_DIRECTORY=$1" "$process/environ" || echo "${process#/proc/}"
    elif [[ "${words[*]} " == *pg_ctl*" start "* && "${words[*]} " == *"$1"[\ \"\']* ]]; then
      echo "${process#/proc/}"
    fi
  done
}

# begun says whether there is a server of a directory, also one that is too young to have a pid file.
begun() {
  local process words
  for process in /proc/[0-9]*; do
    mapfile -d '' -t words 2>/dev/null <"$process/cmdline"
    [[ "${words[*]} " =~ postgres\"?\ -D\ \"?([^ \"]*)[\ \"] && ${BASH_REMATCH[1]} = "$1" ]] && return 0
  done
  return 1
}

# end_starts returns when the instance in a directory either runs or will not, unless somebody else starts it from then on. What a
# process had started before it was ended is found the next time.
end_starts() {
  local pids tries
  while pids=$(starters "$1") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null
    sleep 0.1
  done
  for ((tries = 0; tries < 100; tries++)); do
    if pg_ctl status -D "$1" >/dev/null 2>&1 || ! begun "$1"; then return 0; fi
    sleep 0.1
  done
  echo "a server of $1 has begun, and neither runs nor ends" >&2
  return 1
}
