#!/bin/bash
# Keeps the database instances of this pod to what the catalogue and gpk allow. Started by start.sh, in the background: brings
# the instances back after a restart and when their process dies. It stops one whose other copy has taken over while it was away
# or cut off, and a coordinator that is cut off from all who could tell it of a successor. The container ends with this script, so
# that no coordinator runs that nothing fences. GPK_COORDINATORS are the hosts of both coordinators.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
# shellcheck source=SCRIPTDIR/decision.sh
. /gpk/scripts/decision.sh
# shellcheck source=SCRIPTDIR/starts.sh
. /gpk/scripts/starts.sh
me=${HOSTNAME%%.*}
# Hosts have the names of their pods. In a cluster that an earlier gpk made, the namespace and the domain follow, until it is converted.
others='' coordinator=''
for host in $GPK_COORDINATORS; do
  if [ "${host%%.*}" = "$me" ]; then coordinator=1; else others+="$host "; fi
done

say() { echo "gpk: $*"; }
query() { PGCONNECT_TIMEOUT=5 timeout 15 psql -X -A -t -q -d postgres "$@" 2>/dev/null; }

start() {
  local said=$1/$GPK_LOG/startup.log
  pg_ctl start -D "$1" -l "$said" -w -t 600 -o "-c gp_role=$2" >/dev/null || say "could not start $1: $(tail -n 3 "$said")"
}
runs() { pg_ctl status -D "$1" >/dev/null 2>&1; }

# A utility that makes or mends the copy in a directory must not find a server there.
worked_on() {
  local process words
  for process in /proc/[0-9]*; do
    mapfile -d '' -t words 2>/dev/null <"$process/cmdline"
    [[ ! "${words[*]} " =~ pg_basebackup|pg_rewind|gpseg[a-z]*recovery|rsync|--single || "${words[*]} " != *"$1"[!0-9]* ]] || return 0
  done
  return 1
}

# attempt starts an instance, and pauses where it does not run then: a volume that is full may have room again. Whoever
# calls it asks before each attempt whether it may still start. Who stops all instances has ended this script before.
attempt() {
  kill -0 $$ 2>/dev/null || return
  { follows "$1" && worked_on "$1"; } || start "$1" "$2"
  runs "$1" || sleep 10
}

# The other coordinator must not answer as one: two that take writes would be the end of the data.
# One whose certificate this pod does not know may be one: libpq tries without TLS then, which the server refuses. A standby says that it
# does not accept connections, whoever asks.
other_answers() {
  local said errors=/tmp/gpk-other-answers
  for host in $others; do
    said=$(PGCONNECT_TIMEOUT=5 timeout 15 psql -X -A -t -q -d postgres -h "$host" -c "select 1" 2>$errors)
    [ -z "$said" ] && { grep -qE "the database system is " $errors || ! grep -qE "certificate verify failed|no pg_hba.conf entry" $errors; } || return 0
  done
  return 1
}

# learn asks the other coordinator's pod for a later decision than this pod knows of: gpk tells both pods at once, and a mounted
# ConfigMap may be two minutes old.
learn() {
  local host term
  for host in $others; do
    term=$(timeout 10 ssh -o BatchMode=yes -o ConnectTimeout=3 "$host" cat /greenplum/.gpk/term </dev/null 2>/dev/null)
    # The host's shell may print something before.
    term=${term##*$'\n'}
    [[ ! $term =~ ^[0-9]+$ ]] || /bin/bash /gpk/scripts/coordinator.sh term "$term" 2>/dev/null
  done
}

# gpstart marks what it cannot reach as down, so the other hosts get a minute to come back as well. Of thousands that are gone, not
# all are tried within that.
await_hosts() {
  local away end left reached
  away=$(decided hosts)
  end=$(($(date +%s) + 60))
  while [ -n "$away" ] && left=$((end - $(date +%s))) && [ "$left" -gt 0 ]; do
    # xargs itself ends at a status of 255, which is ssh's.
    # shellcheck disable=SC2016
    reached=$(timeout "$left" xargs -r -P 16 -n 1 bash -c 'if timeout 5 ssh -o BatchMode=yes -o ConnectTimeout=2 "$1" true </dev/null >/dev/null 2>&1; then echo "$1"; fi' try <<<"$away")
    away=$(grep -vxF -f - <(echo "$away") <<<"$reached")
    [ -z "$away" ] || sleep 1
  done
  [ -z "$away" ] || say "starting without the hosts that do not answer: $away"
}

# Without a decision the coordinator stays down after two minutes, within which one comes into a pod. One that is known to be on
# its way is awaited, however long its kubelet takes; a standby, which takes no writes, does not wait longer for it. Whoever starts
# the instance meanwhile, as gpk start does, has decided.
await_decision() {
  local waited=0
  until runs "$1" || { ! outdated && [ -n "$(decided coordinator)" ]; }; do
    [ "$waited" -lt 130 ] || { outdated && ! follows "$1"; } || return
    sleep 1
    [ $((++waited)) != 130 ] || ! outdated || say "a decision of gpk is still on its way into this pod"
  done
}

say_stopped() { say "the database is to be stopped: gpk start starts the instance in $1"; }

# may_lead says whether the instance may be started as the coordinator, and why not.
may_lead() {
  local why
  why=$(withheld) || { other_answers && why="the other coordinator answers"; } || return 0
  say "$why: the instance in $1 stays down"
  return 1
}

# What gpk puts in the place of a standby that does not start is not this one's any more.
restart_standby() {
  local dir=$1 made
  made=$(stat -c %i "$dir")
  while follows "$dir" && [ "$(stat -c %i "$dir" 2>/dev/null)" = "$made" ]; do
    attempt "$dir" dispatch || return
    await_decision "$dir"
    ! runs "$dir" || return
    ! to_be_stopped || { say_stopped "$dir"; return; }
  done
}

# A start takes minutes, and so do those before it that failed: gpk may have decided meanwhile.
restart_coordinator() {
  local dir=$1 awaited=
  follows "$dir" || learn
  await_decision "$dir"
  ! runs "$dir" || return
  if to_be_stopped; then
    say_stopped "$dir"
    return
  fi
  if follows "$dir"; then
    restart_standby "$dir"
    return
  fi
  while kill -0 $$ 2>/dev/null && may_lead "$dir"; do
    if [ -z "$awaited" ]; then
      awaited=1
      await_hosts
      learn
      continue
    fi
    /bin/bash /gpk/scripts/coordinator.sh begin || sleep 5
    [ -z "$(query -c "select 1")" ] || return
    learn
    await_decision "$dir"
  done
}

# The row of an instance: p or m, then u or d. Nothing while no coordinator answers.
row() {
  for host in $GPK_COORDINATORS; do
    query -h "$host" -c "select role, status from gp_segment_configuration where split_part(hostname, '.', 1) = '$me' and port = $1" && return
  done
}

port_of() { sed -n 's/^ *port *= *\([0-9]*\).*/\1/p' "$1/postgresql.conf" | tail -n 1; }

# While no coordinator answers there is nothing to know: its own restart starts all segments that may run, and so does gpk start.
# Of thousands that have restarted at once, some hundred ask in a second.
restart_segment() {
  local dir=$1 port pause made
  port=$(port_of "$dir")
  made=$(stat -c %i "$dir")
  pause=$((1 + $(decided hosts | wc -l) / 500))
  ! to_be_stopped || say_stopped "$dir"
  until runs "$dir" || [ "$(stat -c %i "$dir" 2>/dev/null)" != "$made" ]; do
    case $(to_be_stopped || row "$port") in
      'p|u') attempt "$dir" execute ;;
      'm|'*)
        if follows "$dir"; then
          attempt "$dir" execute
        else
          say "its mirror took over: the instance in $dir stays down; gpk recover brings it back"
          return
        fi
        ;;
      'p|d') say "the catalogue has the instance in $dir as down: it stays down; gpk recover brings it back"; return ;;
      *) sleep "$pause" ;;
    esac || return
  done
}

# bring_back has an instance started in the background, after a pause in seconds: a start takes minutes, and meanwhile this script
# goes on watching. It ends with status 0 where the instance runs then.
bring_back() {
  {
    sleep "$2"
    case $1 in
      */coordinator/*) restart_coordinator "$1" ;;
      *) restart_segment "$1" ;;
    esac
    runs "$1"
  } &
  starting[$1]=$!
}

# being_started says whether a start goes on. One that has ended without the instance leaves it to people, until somebody starts it.
being_started() {
  [ -n "${starting[$1]:-}" ] || return
  ! kill -0 "${starting[$1]}" 2>/dev/null || return 0
  wait "${starting[$1]}" || left[$1]=1
  unset "starting[$1]"
  return 1
}

# A process that has ended by itself leaves its pid file, and one that was told to stop does not.
died() { [ -e "$1/postmaster.pid" ] && [ -z "${left[$1]:-}" ] && ! runs "$1"; }

# A gpstop that kills what does not end in time has told it to stop.
being_stopped() { [[ $1 = */coordinator/* ]] && pgrep -f '(^|[ /])gpstop( |$)' >/dev/null; }

# revive brings back an instance whose process has died. One that dies again within five minutes waits twice as long as before, a
# minute at most.
revive() {
  local dir=$1 wait=0
  { [ -f /greenplum/.gpk/initialised ] && died "$dir" && ! being_stopped "$dir"; } || return 0
  if [ $((SECONDS - ${revived[$dir]:--300})) -lt 300 ]; then
    wait=$((pause[$dir] < 1 ? 1 : pause[$dir] < 30 ? 2 * pause[$dir] : 60))
  fi
  revived[$dir]=$SECONDS pause[$dir]=$wait
  say "the process of the instance in $dir has ended: starting it again after a pause of $wait s"
  bring_back "$dir" "$wait"
}

stop_stray() {
  say "$2: stopping the instance in $1, which must not take writes beside it"
  case $1 in
    */coordinator/*)
      # First whoever starts it: it would start it again.
      [ -z "${starting[$1]:-}" ] || kill "${starting[$1]}" 2>/dev/null
      /bin/bash /gpk/scripts/coordinator.sh halt immediate
      ;;
    *) pg_ctl stop -D "$1" -m immediate -w -t 60 >/dev/null ;;
  esac
}

# at_work says whether an instance runs or is just being started. A start that waits for a decision is neither.
at_work() { runs "$1" || [ -n "$(starters "$1")" ]; }

# Both coordinators' pods count the hosts, when they are cut off or to take over. Without a DNS that answers this takes long.
note_hosts() {
  [ $((looks++ % 12)) = 0 ] || return 0
  ! kill -0 "$noting" 2>/dev/null || return 0
  /bin/bash /gpk/scripts/hosts.sh note &
  noting=$!
}

# A coordinator that gpk has replaced while it could not be reached, and one that cannot know whether it has been.
watch_coordinator() {
  local acting=
  # In this order: both files change at once, and then a new term comes with its coordinator.
  outdated || acting=$(decided coordinator)
  if halted; then
    ! at_work "$1" || stop_stray "$1" "gpk has halted it by a decision that is still on its way into this pod"
  elif [ -n "$acting" ] && [ "$acting" != "${HOSTNAME%%.*}" ]; then
    ! at_work "$1" || stop_stray "$1" "pod $acting is the acting coordinator"
  elif ! cut_off; then
    cut_off_looks=0
    note_hosts
  elif [ $((++cut_off_looks)) -ge 3 ]; then
    stop_stray "$1" "cut off from the API server, from the standby and from most hosts, where a successor may be"
    fenced=1 healed_looks=0
  fi
}

# With a standby that may be activated, a coordinator goes on only while it reaches the API server, through which gpk
# would reach it, or the standby, or more than half of the hosts: gpk activates no standby that reaches less than half.
# Its commits wait for the standby until wal_sender_timeout, five minutes, so what it does meanwhile is nowhere
# acknowledged.
cut_off() {
  local reached total
  [ -n "${others// /}" ] || return 1
  /bin/bash /gpk/scripts/hosts.sh api && return 1
  # shellcheck disable=SC2086
  /bin/bash /gpk/scripts/hosts.sh reach $others && return 1
  read -r reached total < <(/bin/bash /gpk/scripts/hosts.sh count)
  [ $((2 * reached)) -le "$total" ]
}

# One that stopped itself comes back when what gpk has decided meanwhile must have reached it.
come_back() {
  if cut_off; then
    healed_looks=0
  elif [ $((++healed_looks)) -ge 24 ]; then
    fenced='' cut_off_looks=0
    bring_back "$1" 0
  fi
}

# last_heard prints when the machine at the other end of a process's connection to a coordinator was last heard of: its kernel
# acknowledges what the standby reports every ten seconds. Without ss it is now, for as long as the connection is there.
last_heard() {
  local now age
  now=$(date +%s)
  age=$(ss -tinp state established "( dport = :$PGPORT )" 2>/dev/null | awk -v pid="pid=$1," '
    index($0, "pid=") { its = index($0, pid) }
    its && match($0, /lastrcv:[0-9]+/) { received = substr($0, RSTART + 8, RLENGTH - 8) + 0; acknowledged = received
      if (match($0, /lastack:[0-9]+/)) acknowledged = substr($0, RSTART + 8, RLENGTH - 8) + 0
      print int((received < acknowledged ? received : acknowledged) / 1000); exit }')
  echo $((now - ${age:-0}))
}

# caught_up asks the coordinator whether its standby has all that it has acknowledged. It waits for a standby only then, and not
# while that catches up (syncrep.c).
caught_up() {
  local host
  for host in $others; do
    [ -z "$(query -h "$host" -c "select 1 from pg_stat_replication where state = 'streaming' and application_name like '%walreceiver'")" ] || return 0
  done
  return 1
}

# Up to when the standby has had all that the coordinator has acknowledged, and when that was last heard of, are the ages of files:
# whoever wants to activate it must know. A connection that is caught up once stays so until it ends.
note_streaming() {
  local process title caught_up='' at
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    for process in /proc/[0-9]*; do
      IFS= read -r -d '' title 2>/dev/null <"$process/cmdline"
      [[ $title = *wal*receiver*streaming* ]] || continue
      at=$(last_heard "${process#/proc/}")
      touch -d "@$at" /greenplum/.gpk/heard
      [ "$caught_up" = "$process" ] || ! caught_up || caught_up=$process
      [ "$caught_up" != "$process" ] || touch -d "@$at" /greenplum/.gpk/streamed
      break
    done
  done
}

# watch_certificates has the servers read certificates that change in the Secrets: the kubelet brings them here, and nobody else tells.
watch_certificates() {
  local seen='' now
  while sleep 10 && kill -0 $$ 2>/dev/null; do
    now=$(readlink /gpk/ssh/..data /gpk/tls/..data)
    [ "$now" != "$seen" ] || continue
    timeout 60 /bin/bash /gpk/scripts/hba.sh renew >/dev/null && seen=$now
  done
}

# role is empty for an instance that does not run.
role() {
  runs "$1" || return
  if follows "$1"; then echo follows; else echo leads; fi
}

# A primary whose mirror was promoted. The mirror itself is asked first, since ten thousand primaries that ask the
# coordinator every few seconds would be a load; where it accepts connections (0), the catalogue says who is right.
watch_segment() {
  local dir=$1 port peer
  port=$(port_of "$dir")
  peer=${peers[$dir]:-}
  if [ -z "$peer" ]; then
    for host in $GPK_COORDINATORS; do
      peer=$(query -F ' ' -h "$host" -c "select m.hostname, m.port from gp_segment_configuration p join gp_segment_configuration m
        on p.content = m.content and p.dbid <> m.dbid where split_part(p.hostname, '.', 1) = '$me' and p.port = $port")
      [ -z "$peer" ] || break
    done
    peers[$dir]=$peer
  fi
  [ -n "$peer" ] || return
  pg_isready -q -d postgres -t 5 -h "${peer% *}" -p "${peer#* }" || return
  case $(row "$port") in
    'm|'*) stop_stray "$dir" "its mirror took over" ;;
  esac
}

# first brings back the instances of a pod that has started. A coordinator that is cut off then waits as one that has stopped itself.
first() {
  local dir
  for dir in $(instance_dirs); do
    case $dir in
      */coordinator/*) follows "$dir" || ! cut_off_at_start || { fenced=1; continue; } ;;
    esac
    bring_back "$dir" 0
  done
}

# A network that has not begun yet is no partition: three looks.
cut_off_at_start() {
  local tries
  for ((tries = 0; tries < 3; tries++)); do
    cut_off || return
    sleep 3
  done
  say "cut off from the API server, from the standby and from most hosts: the coordinator stays down until that is over"
}

look() {
  local dir=$1 role
  role=$(role "$dir")
  [ -z "$role" ] || unset "left[$dir]"
  case $role:$dir in
    leads:*/coordinator/*) watch_coordinator "$dir" ;;
    leads:*) watch_segment "$dir" ;;
    follows:*/coordinator/*)
      fenced=''
      note_hosts
      ;;
    follows:*) ;;
    :*/coordinator/*)
      # gpstart has it take writes before it is done, and between two looks.
      if being_started "$dir"; then
        follows "$dir" || watch_coordinator "$dir"
      elif [ -n "$fenced" ]; then
        come_back "$dir"
      else
        revive "$dir"
      fi
      ;;
    *) being_started "$dir" || revive "$dir" ;;
  esac
}

# By directory: the process that starts the instance, whether it is left to people, when it was last revived, and the pause before that.
declare -A peers=() starting=() left=() revived=() pause=()
# gpk knows these times: of looks every five seconds that take seven each when nobody answers, the third has stopped a
# coordinator that is cut off within 45 seconds. Two minutes are what a pod's view of a ConfigMap may be old.
looks=0 cut_off_looks=0 healed_looks=0 fenced='' noting=''
[ ! -f /greenplum/.gpk/initialised ] || first
if [ -n "$coordinator" ]; then note_streaming & fi
[ ! -e /gpk/ssh/gpadmin.crt ] || watch_certificates &
while sleep 5; do
  for dir in $(instance_dirs); do look "$dir"; done
done
[ ${#starting[@]} = 0 ] || wait "${starting[@]}"
