#!/bin/bash
# Read by the shells of gpinitsystem before their own first line (BASH_ENV). It and its gpcreateseg.sh are shell scripts that
# start /bin/date and /bin/echo for each line of their log, look for 30 programs at each start, and sleep a whole second between
# two looks at whether the segments are done: a third of all processes of a `gpk create`. Bash, since 4.3, does all of that by
# itself. Scripts of other names go on as they are.
case ${0##*/} in
  gpinitsystem | gpcreateseg.sh) ;;
  *) return ;;
esac
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 403)) || return

# What which finds is run by the other hosts' shells too, so that a bare name has to mean something there.
which() {
  case "$#$1" in
    1echo | 1date | 1sleep) echo "$1" ;;
    1*) type -P -- "$1" ;;
    *) command which "$@" ;;
  esac
}

# strftime knows fewer conversions than date does.
date() {
  if [[ $# = 1 && $1 =~ ^\+(%[YmdHMS]|[^%])*$ ]]; then
    printf "%(${1#+})T\n" -1
  else
    command date "$@"
  fi
}

# A look is worth taking as soon as a segment is done, which ends a child of this shell. Each of them shortens one sleep at
# most, so that waits that are counted in sleeps remain what they are.
sleep() {
  local alarm
  command sleep "$@" &
  alarm=$!
  wait -n 2>/dev/null
  kill "$alarm" 2>/dev/null
  wait "$alarm" 2>/dev/null
  return 0
}

# A call of ssh is a program here, and two processes of sshd and a shell there, for what is mostly one echo or grep. So a shell of a
# host stays open, until it has been idle for ten seconds: session.sh, at the other end of FIFOs, since most calls come from subshells.
# It is one script's own. Where it is in use or cannot be had, ssh is called.
# (gpinitsystem tries the last command again where it has failed and names ssh, which none does: here that is `return`.)
ssh() {
  local IFS=$' \t\n' LC_ALL=C folder=${GPK_SHELLS:-}/$$.${1:-} to from free input='' status
  if [[ -z ${GPK_SHELLS:-} || $# -lt 2 || ! $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || ! open_shell "$1"; then
    command ssh "$@"
    return
  fi
  # As ssh does, which takes all that the command could read.
  [ /dev/stdin -ef /dev/null ] || IFS= read -r -d '' input
  ask_shell "$@"
  status=$?
  exec {to}>&- {from}<&- {free}>&-
  return "$status"
}

# open_shell opens the FIFOs: what the shell is asked, what it answers, and whether it is free, which one line in the third one says
# that a call takes and puts back. The other end has them open for both ways, so that what is in them remains until it ends.
open_shell() {
  local both word
  if [ ! -d "$folder" ] && mkdir "$folder" 2>/dev/null; then
    mkfifo "$folder/to" "$folder/from" "$folder/free" || return
    # shellcheck disable=SC2094
    exec {free}<>"$folder/free" {both}<>"$folder/from" {to}<>"$folder/to" {from}<"$folder/from"
    (command ssh "$1" /bin/bash /gpk/scripts/session.sh 10 <>"$folder/to" 1<>"$folder/from" 2<>"$folder/free" &)
    exec {both}>&-
    # What the host's shell prints before is not the session's.
    while read -r -t 20 -u "$from" word; do
      [ "$word" != ready ] || return 0
    done
  elif [[ -p $folder/to && -p $folder/from && -p $folder/free ]]; then
    # shellcheck disable=SC2094
    exec {free}<>"$folder/free" {both}<>"$folder/from" {to}<>"$folder/to" {from}<"$folder/from" {both}>&-
    read -r -t 0.2 -u "$free" word && [ "$word" = free ] && return
  else
    return 1
  fi
  exec {to}>&- {from}<&- {free}>&-
  return 1
}

# ask_shell has a command carried out. A shell that ended before it had heard of it says `idle`; one that says nothing was cut off. What
# does not fit into a FIFO is ssh's to send, which notices when nobody reads any more.
ask_shell() {
  local status=idle out errors
  if [ "${#input}" -lt 50000 ]; then
    printf '3 %d\nbash\0-c\0%s\0%send\n' "${#input}" "${*:2}" "$input" >&"$to"
    read -r -u "$from" status out errors || return 255
  fi
  if [ "$status" = idle ]; then
    command ssh "$@" < <(printf %s "$input")
    return
  fi
  pass_on "$out" && pass_on "$errors" >&2 || return 255
  echo free >&"$free"
  return "$status"
}

# pass_on prints so many bytes of what the shell has said.
pass_on() {
  local said
  [ "$1" = 0 ] || { IFS= read -r -N "$1" -u "$from" said && printf %s "$said"; }
}
