#!/bin/bash
# What gpk asks of, and does to, the database instances of this pod before Greenplum's utilities can: one word per verb.
#   facts DIR...    prints what is there: `marker STATE`, then `instance DIR absent|stopped|running`, then `end`
#   prepare DIR...  makes the parents, notes that these directories are about to be made, and refuses if one exists
#   clear DIR...    removes what an initialisation that never finished has made
#   finish          notes that the initialisation is complete
#   stop            stops every instance quickly and cleanly, and whatever is about to start one
#   sever           ends the sessions that others have in the primaries that run here, and prints `severed DIR COUNT`, or `left DIR COUNT`
#                   where sessions do not end, or `silent DIR` where the instance does not answer; then `end`
#   coordinator DIR prints the facts, then what the coordinator answers to the SQL of standard input
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
# shellcheck source=SCRIPTDIR/starts.sh
. /gpk/scripts/starts.sh
state=/greenplum/.gpk

marker() {
  if [ -f "$state/initialised" ]; then
    echo initialised
  elif [ -f "$state/initialising" ]; then
    echo initialising
  else
    echo none
  fi
}

facts() {
  echo "marker $(marker)"
  for dir; do
    if [ ! -e "$dir" ]; then
      echo "instance $dir absent"
    elif pg_ctl status -D "$dir" >/dev/null 2>&1; then
      echo "instance $dir running"
    else
      echo "instance $dir stopped"
    fi
  done
  echo end
}

prepare() {
  for dir; do
    [ ! -e "$dir" ] || { echo "$dir exists already" >&2; return 1; }
    mkdir -p "${dir%/*}" || return 1
  done
  touch "$state/initialising"
}

# What the utilities started here may still be running when they themselves are gone. gpseg1 is not gpseg10. The servers that initdb
# starts do not name the directory: they work in it.
kill_users_of() {
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    [ "$pid" != $$ ] || continue
    case "$(tr '\0' ' ' 2>/dev/null <"$process/cmdline") " in
      *"$1"[!0-9]*) kill -9 "$pid" 2>/dev/null ;;
      *) [ ! "$process/cwd" -ef "$1" ] || kill -9 "$pid" 2>/dev/null ;;
    esac
  done
}

# remove tries for a while: what has been killed may write until it is gone, and what it had started goes on a moment longer.
remove() {
  local said
  for ((tries = 0; tries < 50; tries++)); do
    kill_users_of "$1"
    said=$(rm -rf -- "$1" 2>&1) && return
    sleep 0.1
  done
  echo "$said" >&2
  return 1
}

clear_unfinished() {
  [ "$(marker)" != initialised ] || { echo "the instances here are complete: nothing was removed" >&2; return 1; }
  [ "$(marker)" = initialising ] || return 0
  for dir; do
    remove "$dir" || return 1
  done
  rm -f /tmp/.s.PGSQL.*
}

finish() { touch "$state/initialised" && rm -f "$state/initialising"; }

stop() {
  for dir in $(instance_dirs); do
    {
      end_starts "$dir"
      [ ! -f "$dir/postmaster.pid" ] || pg_ctl stop -D "$dir" -m fast -t 100 -w >/dev/null 2>&1
    } &
  done
  wait
}

# sessions PORT SQL: of those that came over the network, but not of the mirror's, by which it follows.
sessions() {
  PGOPTIONS="-c $GPK_SESSION_ROLE=utility $session_options" PGCONNECT_TIMEOUT=5 timeout 15 psql -d postgres -XAtq -v ON_ERROR_STOP=1 \
    -h /tmp -p "$1" -c "select $2 from pg_stat_activity where client_addr is not null and pid not in (select pid from pg_stat_replication)"
}

# sever_primary asks until no session is left: one that is in the middle of a commit ends after that.
sever_primary() {
  local dir=$1 port ended='' left
  port=$(sed -n 4p "$dir/postmaster.pid")
  for ((tries = 0; tries < 6; tries++)); do
    left=$(sessions "$port" "count(pg_terminate_backend(pid))") || { echo "silent $dir"; return; }
    ended=${ended:-$left}
    [ "$left" != 0 ] || { echo "severed $dir $ended"; return; }
    sleep 0.5
  done
  echo "left $dir $left"
}

sever() {
  local dir
  for dir in $(instance_dirs); do
    case $dir in */coordinator/*) continue ;; esac
    { follows "$dir" || ! pg_ctl status -D "$dir" >/dev/null 2>&1; } || sever_primary "$dir" &
  done
  wait
  echo end
}

verb=$1
shift
case $verb in
  sever) sever ;;
  facts) facts "$@" ;;
  prepare) prepare "$@" ;;
  clear) clear_unfinished "$@" ;;
  finish) finish ;;
  stop) stop ;;
  coordinator) facts "$@" && PGOPTIONS=$session_options psql -d postgres -XAtq -v ON_ERROR_STOP=1 ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
