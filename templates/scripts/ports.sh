#!/bin/bash
# Tries the connections that the database will need before there is a database, so that a port that is not let through is
# found before gpinitsystem stumbles over it. Hosts that have no instance yet listen with an sshd of their own: it is the one
# program of the image that surely can.
#   try              run on the coordinator; reads `listen HOST PORT` and `connect FROM HOST PORT`, and prints
#                    `ok FROM HOST PORT`, `no FROM HOST PORT CAUSE`, `fault HOST CAUSE`, and `end`. Of many hosts gpk gives
#                    it some at a time, with which it is done before the first one listens no more
#   listen           run on a host: listens on the ports of standard input until it is told to stop, or for a minute
#   connect FROM     run on a host: tries `HOST PORT` of each line of standard input
#   mute             run on a host: stops listening
set -u
pid_file=/tmp/gpk-listen.pid
log=/tmp/gpk-listen.log

over() {
  local file=$1 verb=$2 host answer
  shift 2
  host=${file##*/}
  if ! answer=$(ssh -o BatchMode=yes -o ConnectTimeout=5 "$host" /bin/bash /gpk/scripts/ports.sh "$verb" "$host" 2>&1 <"$file"); then
    echo "fault $host ${answer//$'\n'/ }"
  else
    # What else the host's shell prints is no answer.
    grep -E '^(ok|no) ' <<<"$answer"
  fi
}
export -f over

# everywhere calls a verb on every host that has a file in a folder, with that file as its standard input.
everywhere() {
  # shellcheck disable=SC2016
  find "$1" -type f -print0 | xargs -0 -r -P 16 -I {} bash -c 'over "$1" "$2"' over {} "$2"
}

try() {
  folder=$(mktemp -d) || exit 1
  trap 'rm -rf "$folder"' EXIT
  mkdir "$folder/listen" "$folder/connect"
  # Both must be host names, which have no slash.
  awk -v folder="$folder" '
    $1 == "listen"  { file = folder "/listen/" $2; print $3 >>file; close(file) }
    $1 == "connect" { file = folder "/connect/" $2; print $3, $4 >>file; close(file) }'
  everywhere "$folder/listen" listen
  everywhere "$folder/connect" connect
  everywhere "$folder/listen" mute
  echo end
}

# sshd writes its pid when it listens.
listen() {
  mute
  local sshd options=() port
  sshd=$(command -v sshd || echo /usr/sbin/sshd)
  while read -r port; do options+=(-p "$port"); done
  setsid timeout 60 "$sshd" -D -e -f "$HOME/.ssh/sshd_config" -o "PidFile=$pid_file" "${options[@]}" >"$log" 2>&1 </dev/null &
  for ((tries = 0; tries < 100; tries++)); do
    [ ! -s "$pid_file" ] || return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.05
  done
  echo "cannot listen on ${options[*]}: $(tail -n 3 "$log")"
  return 1
}

# knock tries a connection. It answers nothing where nothing answers it, until whoever has called it gives up.
knock() {
  local answer
  # shellcheck disable=SC2016
  if answer=$( (exec 3<>"/dev/tcp/$2/$3") 2>&1); then
    echo "ok $1 $2 $3"
  else
    answer=$(tail -n 1 <<<"$answer")
    echo "no $1 $2 $3 ${answer##*: }"
  fi
}
export -f knock

# connect tries many at once: a program for each would take longer than they do.
connect() {
  local links answers link
  while mapfile -t -n 32 links && [ ${#links[@]} != 0 ]; do
    # shellcheck disable=SC2016
    answers=$(printf '%s\n' "${links[@]}" |
      timeout 5 bash -c 'while read -r host port; do knock "$1" "$host" "$port" & done; wait' knock "$1" 2>/dev/null)
    [ -z "$answers" ] || echo "$answers"
    for link in "${links[@]}"; do
      case $answers$'\n' in *" $1 $link"[$' \n']*) ;; *) echo "no $1 $link no answer within 5 s" ;; esac
    done
  done
}

mute() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 0
  # Of an sshd that was killed the pid file stays, and the pid may be a stranger's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != sshd ] || kill "$pid" 2>/dev/null
  while [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sshd ] && kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
  rm -f "$pid_file"
}

verb=$1
shift
case $verb in
  try) try ;;
  listen) listen ;;
  connect) connect "$@" ;;
  mute) mute ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
