#!/bin/bash
# What a change of coordinators needs to know of, and does to, the coordinator's or the standby's instance of this pod:
#   following                prints how far the standby here has followed the coordinator
#   missing LSN              prints the commits of the instance here that come after a record of the write-ahead log
# In a pod that waits for its volume, which another one still uses, all of these fail with the status of an ssh that reaches nobody.
#   follow                   starts the standby's instance, if there is one that does not run
#   begin                    starts the database with gpstart, if what gpk has decided still allows that
#   halt MODE [TERM]         stops the instance, and whatever is about to start it, and removes its socket's files; fast gives way
#                            to immediate; the term as below, of the decision that the instance is not to come back by
#   term TERM                notes that there is a decision of that term, which gpk's state in this pod may not show yet; an older
#                            term than the one that is noted is refused, here and by halt
#   latest                   prints the latest term that this pod knows of
#   timelines                prints where each timeline of the acting coordinator ended, as TIMELINE:LSN, and the last one as TIMELINE:
#   aside                    moves the instance's directory aside, so that a new one can be made in its place
#   asides                   prints `kept DIR unknown` for each directory that was moved aside
#   discard [TIMELINE:LSN...]  removes what was moved aside; with the acting coordinator's timelines only what has no commit that this one
#                            lacks, and prints `kept DIR COMMITS` for the rest
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
# shellcheck source=SCRIPTDIR/decision.sh
. /gpk/scripts/decision.sh
# shellcheck source=SCRIPTDIR/starts.sh
. /gpk/scripts/starts.sh
dir=$COORDINATOR_DATA_DIRECTORY
state=/greenplum/.gpk
[ ! -e /tmp/gpk-waits ] || { echo "this pod waits for its volume, which another one still uses" >&2; exit 255; }

instance() {
  if [ ! -d "$dir" ]; then
    echo absent
  elif pg_ctl status -D "$dir" >/dev/null 2>&1; then
    echo running
  else
    echo stopped
  fi
}

control() { LC_ALL=C pg_controldata "$dir" | sed -n "s/^$1: *//p"; }

# The program ends with an error at the log's end, always.
waldump() { LC_ALL=C "$GPK_WALDUMP" -p "$dir/$GPK_WAL" -t "$(control "Latest checkpoint's TimeLineID")" "$@"; }

following() {
  echo "instance $(instance)"
  if follows "$dir"; then echo "follows yes"; else echo "follows no"; fi
  echo "received $(waldump -s "$(control "Latest checkpoint's REDO location")" 2>/dev/null | sed -n 's/.* lsn: \([^,]*\),.*/\1/p' | tail -n 1)"
  echo "streamed $(stat -c %Y "$state/streamed" 2>/dev/null || echo 0)"
  echo "heard $(stat -c %Y "$state/heard" 2>/dev/null || echo 0)"
  # What this pod's files say is compared with this: the clock of gpk's machine may be any.
  echo "now $(date +%s)"
  echo end
}

# Of the records only those that make a transaction's changes last count: a commit's line has the time that it was made at.
# missing LSN [LSN]: the second is that of a record that does not count, by default the first one's.
missing() {
  echo "instance $(instance)"
  local lsn stamp log has=${2-$1}
  log=$(mktemp)
  waldump -r Transaction -s "$1" 2>"$log" | grep -E "desc: (COMMIT|DISTRIBUTED_COMMIT|commit:|distributed commit) " | while read -r line; do
    lsn=${line#* lsn: }
    lsn=${lsn%%,*}
    [ "$lsn" != "$has" ] || continue
    stamp=$(sed -n 's/.*\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9] [0-9:]*\)[.0-9]* \([A-Z+-][A-Za-z0-9+-]*\).*/\1 \2/p' <<<"$line")
    echo "commit $lsn $(date -d "$stamp" +%s 2>/dev/null || echo 0)"
  done | head -n 1000
  if grep -q 'could not \(find\|open\) file' "$log"; then echo unreadable; fi
  rm -f "$log"
  echo end
}

follow() {
  [ "$(instance)" = stopped ] && follows "$dir" || return 0
  pg_ctl start -D "$dir" -l "$dir/$GPK_LOG/startup.log" -w -t 60 -o "-c gp_role=dispatch" >/dev/null 2>&1
}

# note NAME TERM: a file that is there is whole. Terms only grow: who comes with an older one has been overtaken by a later decision,
# and two that come at once are told apart by the lock.
note() { echo "$2" >"$state/$1.new" && mv "$state/$1.new" "$state/$1"; }

# note_term TERM [halted]
note_term() {
  (
    flock 8
    [ "$1" -ge "$(term_in "$state/term")" ] || { echo "there is a later decision than this one, of term $(term_in "$state/term"): nothing was done" >&2; exit 1; }
    [ -z "${2:-}" ] || note halted "$1" || exit 1
    note term "$1"
  ) 8>"$state/term.lock"
}

# A process of its own, which halt knows: halt notes its term first, so that either it finds this process or this one the term.
# Amid the setup of an expansion gpstart lets in superusers only, and nobody can finish or take back the setup while nobody answers.
begin() {
  local options=(-a)
  ! withheld >/dev/null || return 1
  [ ! -e "$dir/gpexpand.status" ] || options+=(-R)
  # A pg_hba.conf that nobody has seen accepted may have a line by which the server would not start.
  /bin/bash /gpk/scripts/hba.sh withdraw "$dir" || return
  exec gpstart "${options[@]}"
}

halt() {
  [ -z "${2:-}" ] || note_term "$2" halted || return 1
  end_starts "$dir" || return 1
  if [ "$(instance)" = running ]; then
    pg_ctl stop -D "$dir" -m "$1" -w -t 60 >/dev/null || pg_ctl stop -D "$dir" -m immediate -w -t 60 >/dev/null || return 1
  fi
  # gpactivatestandby takes these files for a coordinator that runs, also when their process was killed.
  rm -f "/tmp/.s.PGSQL.$PGPORT" "/tmp/.s.PGSQL.$PGPORT.lock" "$dir/postmaster.pid"
}

aside() {
  [ -d "$dir" ] || return 0
  [ "$(instance)" = stopped ] || { echo "the instance in $dir runs" >&2; return 1; }
  mkdir -p "$state/aside" && mv "$dir" "$state/aside/${dir##*/}.$(date -u +%Y%m%dT%H%M%S.%N)"
}

timelines() {
  local current
  current=$(control "Latest checkpoint's TimeLineID")
  awk '$1 ~ /^[0-9]+$/ { print $1 ":" $2 }' "$dir/$GPK_WAL/$(printf %08X "$current").history" 2>/dev/null
  echo "$current:"
  echo end
}

# beyond prints how many commits a copy has that come after the end of its timeline elsewhere, or "unknown". A copy of the timeline that goes
# on there was a standby, which has none.
beyond() {
  local copy=$1 timeline entry said
  shift
  timeline=$(dir=$copy control "Latest checkpoint's TimeLineID")
  for entry; do
    [ "${entry%%:*}" = "$timeline" ] || continue
    [ -n "${entry#*:}" ] || { echo 0; return; }
    # A timeline ends before the first record that it lacks.
    said=$(dir=$copy missing "${entry#*:}" none)
    case $said in
      *unreadable*) echo unknown ;;
      *) grep -c '^commit ' <<<"$said" ;;
    esac
    return
  done
  echo unknown
}

copies() { find "$state/aside" -mindepth 1 -maxdepth 1 -type d 2>/dev/null; }

asides() {
  local copy
  for copy in $(copies); do echo "kept $copy unknown"; done
  echo end
}

discard() {
  local copy commits
  for copy in $(copies); do
    if [ $# = 0 ]; then commits=0; else commits=$(beyond "$copy" "$@"); fi
    if [ "$commits" = 0 ]; then rm -rf -- "$copy"; else echo "kept $copy $commits"; fi
  done
  rmdir "$state/aside" 2>/dev/null
  echo end
}

verb=$1
shift
case $verb in
  timelines) timelines ;;
  following) following ;;
  missing) missing "$@" ;;
  follow) follow ;;
  halt) halt "$@" ;;
  begin) begin ;;
  term) note_term "$1" ;;
  latest) term_in "$state/term" ;;
  aside) aside ;;
  asides) asides ;;
  discard) discard "$@" ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
