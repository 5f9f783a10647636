#!/bin/bash
# Who may come into the instances of this pod: pg_hba.conf as a whole, and the certificates by which the cluster's own pods know each
# other, whatever address or name they have.
#   check DIR...    prints `differs DIR FILE` for each file of an instance that is not as it should be, then `end`
#   write DIR...    makes these files so, and has an instance that runs read them. Of one that runs unencrypted and takes certificates at
#                   its start only, as in Greenplum 6, it leaves pg_hba.conf alone, by which nobody could come in then: it prints
#                   `restart DIR`
#   offer DIR       is write, and keeps the pg_hba.conf before, until a write. A server that has no view of its pg_hba.conf, as in Greenplum 6,
#                   tells only its log which lines it refuses: prints `refused LINE MESSAGE` for each
#   withdraw DIR    gives an instance that pg_hba.conf back, if there is one
#   certificate     gives this pod's user the administrator's certificate, where libpq looks for it
# check, write and offer read pg_hba.conf from standard input. Of directories that are not there they say nothing.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
keys=/gpk/ssh

# The key is root's and readable by the pod's group, which PostgreSQL takes for a server's key and not for a client's. A root.crt has libpq
# refuse a server with another certificate.
certificate() {
  local home from to
  home=$(getent passwd "$(id -u)" | cut -d: -f6)/.postgresql
  [ -s "$keys/gpadmin.crt" ] || { echo "Secret/NAME-ssh has no certificates yet" >&2; return 1; }
  umask 077
  mkdir -p "$home" || return
  while read -r from to; do
    cmp -s "$keys/$from" "$home/$to" || { cp -f "$keys/$from" "$home/$to.new" && mv "$home/$to.new" "$home/$to"; } || return
  done <<<"ca.crt root.crt
gpadmin.crt postgresql.crt
gpadmin.key postgresql.key"
  [ "$GPK_SERVER_KEY" -ef "$keys/server.key" ] || cmp -s "$keys/server.key" "$GPK_SERVER_KEY" ||
    { cp -f "$keys/server.key" "$GPK_SERVER_KEY.new" && mv "$GPK_SERVER_KEY.new" "$GPK_SERVER_KEY"; }
}

encryption="ssl=on
ssl_cert_file='$keys/server.crt'
ssl_key_file='$GPK_SERVER_KEY'
ssl_ca_file='$keys/ca.crt'"

its_lines='^[[:space:]]*ssl(_cert_file|_key_file|_ca_file)?[[:space:]=]'

# What ALTER SYSTEM has set outranks postgresql.conf.
encrypted() {
  [ "$(grep -E "$its_lines" "$1/postgresql.conf")" = "$encryption" ] && ! grep -qsE "$its_lines" "$1/postgresql.auto.conf"
}

authenticated() { [ "$(cat "$1/pg_hba.conf")" = "$wanted" ]; }

# Between the change of a file and its reading by the server anything can end this script. The mark says that the server has yet to read.
# A file that is kept from before says that nobody has answered an offer.
reloaded=
mark() { echo "$1/pg_hba.conf.gpk-unread"; }

check() {
  local dir
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    encrypted "$dir" || echo "differs $dir postgresql.conf"
    { authenticated "$dir" && [ ! -e "$(mark "$dir")" ] && [ ! -e "$dir/pg_hba.conf.gpk-before" ]; } || echo "differs $dir pg_hba.conf"
  done
  echo end
}

# replace puts standard input in the place of a file, whole or not at all, and marks it as unread.
replace() {
  : >"$(mark "${1%/*}")" && cp -p "$1" "$1.gpk-new" && cat >"$1.gpk-new" && mv "$1.gpk-new" "$1"
}

# waits says whether a server runs unencrypted until it is started again. No answer is no encryption: with that pg_hba.conf nobody could
# come in.
waits() {
  [ "$GPK_SERVER_KEY" != "$keys/server.key" ] && pg_ctl status -D "$1" >/dev/null 2>&1 || return
  [ "$(encryption_of "$(sed -n 4p "$1/postmaster.pid")")" != S ]
}

# The server reads both files at once, so nobody is kept out in between.
settle() {
  local dir=$1 file rest
  if ! encrypted "$dir"; then
    for file in postgresql.auto.conf postgresql.conf; do
      [ -f "$dir/$file" ] || continue
      rest=$(grep -vE "$its_lines" "$dir/$file")
      [ $file = postgresql.auto.conf ] || rest+=$'\n'$encryption
      printf '%s\n' "$rest" | replace "$dir/$file" || return
    done
  fi
  if waits "$dir"; then
    echo "restart $dir"
    return
  fi
  authenticated "$dir" || printf '%s\n' "$wanted" | replace "$dir/pg_hba.conf" || return
  read_again "$dir"
}

read_again() {
  [ -e "$(mark "$1")" ] || return 0
  reloaded=1
  ! pg_ctl status -D "$1" >/dev/null 2>&1 || pg_ctl reload -D "$1" >/dev/null || return
  rm -f "$(mark "$1")"
}

write() {
  local dir
  certificate || return
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    settle "$dir" || return
    rm -f "$dir/pg_hba.conf.gpk-before"
  done
  echo end
}

# A file that is kept already is the last one that the server has accepted: the one in its place was offered, and nobody withdrew it.
offer() {
  local before=$1/pg_hba.conf.gpk-before log size=0
  certificate || return
  if [ -e "$before" ]; then
    # Nobody has heard what the server did with the file in its place.
    : >"$(mark "$1")" || return
  else
    cp -p "$1/pg_hba.conf" "$before.new" && mv "$before.new" "$before" || return
  fi
  log=$(newest_log "$1" -name '*.csv')
  [ -z "$log" ] || size=$(stat -c %s "$log")
  settle "$1" || return
  if [ "$GPK_WAL" = pg_xlog ] && [ -n "$reloaded" ] && pg_ctl status -D "$1" >/dev/null 2>&1; then
    refused "$1" "$log" "$size" || return
  fi
  echo end
}

# refused waits until the log tells that the server has read its files, and then a moment for what it tells of them. Silence is no consent.
refused() {
  local said='' tries log=$2 size=$3 newest grace=0 lines=''
  for ((tries = 0; tries < 100 && grace < 5; tries++)); do
    newest=$(newest_log "$1" -name '*.csv')
    [ "$newest" = "$log" ] || { log=$newest size=0; }
    [ -z "$log" ] || said=$(tail -c "+$((size + 1))" "$log")
    [[ $said != *'"pg_hba.conf not reloaded"'* ]] || break
    [[ $said != *'"received SIGHUP, reloading configuration files"'* ]] || grace=$((grace + 1))
    sleep 0.1
  done
  lines=$(sed -nE 's/.*,"LOG","[^"]*","(.*)",,,,,"line ([0-9]+) of configuration file .*/refused \2 \1/p' <<<"$said" | sed 's/""/"/g')
  [ -z "$lines" ] || echo "$lines"
  if [ -z "$lines" ] && [ $grace -lt 5 ]; then
    echo "the log in $1/$GPK_LOG does not tell whether the server has accepted pg_hba.conf: see it, and log_min_messages" >&2
    return 1
  fi
}

withdraw() {
  [ -e "$1/pg_hba.conf.gpk-before" ] || return 0
  : >"$(mark "$1")" && mv "$1/pg_hba.conf.gpk-before" "$1/pg_hba.conf" && read_again "$1"
}

verb=$1
shift
case $verb in
  check | write | offer)
    wanted=$(cat)
    [ "${wanted##*$'\n'}" = "# gpk: end" ] || { echo "pg_hba.conf did not arrive whole: nothing was changed" >&2; exit 1; }
    "$verb" "$@"
    ;;
  withdraw) withdraw "$1" ;;
  certificate) certificate ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
