#!/bin/bash
# What gpk asks of, and does to, a pod before and after gpexpand. A pod's volume may hold older instances beside the new ones,
# so that which directories are new is noted one by one, in the file "expanding".
#   facts DIR...     prints `status LAST|none` of gpexpand's own file, `gpexpand running|idle`, `free BYTES` of the volume,
#                    `size BYTES` of a coordinator's directory without its logs, `instance DIR absent|stopped|running new|kept`,
#                    and `end`
#   prepare DIR...   makes the parents, notes that these directories are about to be made, and refuses if one exists
#   clear DIR...     removes what gpexpand has made of directories that are noted, and of no other
#   finish           notes that the new instances are complete
#   unlock           removes the pid file of a gpexpand that is no more: its pid may be a stranger's by now
#   forget           removes gpexpand's own notes of a setup that came to nothing
#   forward          notes for gpexpand what it did last, when it was killed between that and its own note
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
state=/greenplum/.gpk
coordinator=$COORDINATOR_DATA_DIRECTORY
status=$coordinator/gpexpand.status

is_new() { grep -qxF -- "$1" "$state/expanding" 2>/dev/null; }

# gpexpand is a program of its own, or a script that is the first argument of its interpreter.
gpexpand_runs() {
  local process words
  for process in /proc/[0-9]*; do
    mapfile -d '' -t -n 2 words 2>/dev/null <"$process/cmdline" || continue
    case "${words[0]:-}" in gpexpand | */gpexpand) return 0 ;; esac
    case "${words[1]:-}" in gpexpand | */gpexpand) [ "${words[0]##*/}" != bash ] && return 0 ;; esac
  done
  return 1
}

facts() {
  local last=none dir
  [ ! -s "$status" ] || last=$(tail -n 1 "$status")
  echo "status ${last%%:*}"
  if gpexpand_runs; then echo "gpexpand running"; else echo "gpexpand idle"; fi
  echo "free $(($(stat -f -c '%a * %S' /greenplum)))"
  [ ! -d "$coordinator" ] || echo "size $(du -sb --exclude="$GPK_WAL" --exclude="$GPK_LOG" "$coordinator" 2>/dev/null | cut -f 1)"
  for dir; do
    local what=stopped whose=kept
    [ -e "$dir" ] || what=absent
    ! pg_ctl status -D "$dir" >/dev/null 2>&1 || what=running
    ! is_new "$dir" || whose=new
    echo "instance $dir $what $whose"
  done
  echo end
}

# A pod that restarts from here on asks the catalogue about its instances, and starts those that it has: that may be before gpk
# gets to know of them.
prepare() {
  local dir
  for dir; do
    [ ! -e "$dir" ] || { echo "$dir exists already" >&2; return 1; }
    mkdir -p "${dir%/*}" || return 1
    is_new "$dir" || echo "$dir" >>"$state/expanding" || return 1
  done
  touch "$state/initialised"
}

# What gpexpand started here may still be running when it is gone itself. gpseg1 is not gpseg10.
kill_users_of() {
  local process pid
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    [ "$pid" != $$ ] || continue
    case "$(tr '\0' ' ' 2>/dev/null <"$process/cmdline") " in
      *"$1"[!0-9]*) kill -9 "$pid" 2>/dev/null ;;
    esac
  done
}

clear_new() {
  local dir port
  for dir; do
    is_new "$dir" || { [ ! -e "$dir" ] && continue; echo "$dir was not made by an expansion: nothing was removed" >&2; return 1; }
    port=$(sed -n 4p "$dir/postmaster.pid" 2>/dev/null)
    kill_users_of "$dir"
    rm -rf -- "$dir" || return 1
    [ -z "$port" ] || rm -f "/tmp/.s.PGSQL.$port" "/tmp/.s.PGSQL.$port.lock"
  done
  rm -f "$state/expanding" "$state/gpexpand_schema.tar"
}

finish() { rm -f "$state/expanding"; }

unlock() {
  gpexpand_runs || rm -f "$coordinator/gpexpand.pid"
}

forget() {
  ! gpexpand_runs || { echo "gpexpand is running" >&2; return 1; }
  sed -n 's/^BUILD_SEGMENT_TEMPLATE_STARTED:\(\/greenplum\/coordinator\/gpexpand_.*\)/\1/p' "$status" 2>/dev/null |
    while read -r folder; do rm -rf -- "$folder"; done
  rm -f "$status" "$coordinator/gpexpand.gp_segment_configuration"
}

# The catalogue has the new segments, and tables may have been made on them: there is no way back that loses nothing. This is
# what gpexpand would have done next.
forward() {
  [ "$(tail -n 1 "$status" | cut -d : -f 1)" = UPDATE_CATALOG_STARTED ] || return 0
  PGOPTIONS=$session_options psql -X -q -d postgres -c "select gp_expand_bump_version()" >/dev/null &&
    echo "UPDATE_CATALOG_DONE:None" >>"$status"
}

verb=$1
shift
case $verb in
  facts) facts "$@" ;;
  prepare) prepare "$@" ;;
  clear) clear_new "$@" ;;
  finish) finish ;;
  unlock) unlock ;;
  forget) forget ;;
  forward) forward ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
