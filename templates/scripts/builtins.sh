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
