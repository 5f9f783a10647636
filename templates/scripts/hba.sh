#!/bin/bash
# Who may come into the instances of this pod: pg_hba.conf as a whole, and the certificates by which the cluster's own pods know each
# other, whatever address or name they have.
#   check DIR...    prints `differs DIR FILE` for each file of an instance that is not as it should be, then `end`
#   write DIR...    makes these files so, and has an instance that runs read them
#   offer DIR       is write, and keeps the pg_hba.conf before
#   withdraw DIR    gives an instance that pg_hba.conf back
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
    cmp -s "$keys/$from" "$home/$to" || { cp "$keys/$from" "$home/$to.new" && mv "$home/$to.new" "$home/$to"; } || return
  done <<<"ca.crt root.crt
gpadmin.crt postgresql.crt
gpadmin.key postgresql.key"
}

encryption="ssl=on
ssl_cert_file='$keys/server.crt'
ssl_key_file='$keys/server.key'
ssl_ca_file='$keys/ca.crt'"

its_lines='^[[:space:]]*ssl(_cert_file|_key_file|_ca_file)?[[:space:]=]'

encrypted() { [ "$(grep -E "$its_lines" "$1/postgresql.conf")" = "$encryption" ]; }

authenticated() { [ "$(cat "$1/pg_hba.conf")" = "$wanted" ]; }

check() {
  local dir
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    encrypted "$dir" || echo "differs $dir postgresql.conf"
    authenticated "$dir" || echo "differs $dir pg_hba.conf"
  done
  echo end
}

# replace puts standard input in the place of a file, whole or not at all.
replace() { cp -p "$1" "$1.gpk-new" && cat >"$1.gpk-new" && mv "$1.gpk-new" "$1"; }

# The server reads both files at once, so nobody is kept out in between.
write() {
  local dir rest changed
  certificate || return
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    changed=
    if ! encrypted "$dir"; then
      rest=$(grep -vE "$its_lines" "$dir/postgresql.conf")
      printf '%s\n' "$rest" "$encryption" | replace "$dir/postgresql.conf" || return
      changed=1
    fi
    if ! authenticated "$dir"; then
      printf '%s\n' "$wanted" | replace "$dir/pg_hba.conf" || return
      changed=1
    fi
    rm -f "$dir/pg_hba.conf.gpk-before"
    [ -z "$changed" ] || ! pg_ctl status -D "$dir" >/dev/null 2>&1 || pg_ctl reload -D "$dir" >/dev/null || return
  done
  echo end
}

offer() {
  local dir=$1
  cp -p "$dir/pg_hba.conf" "$dir/pg_hba.conf.kept" && write "$dir" && mv "$dir/pg_hba.conf.kept" "$dir/pg_hba.conf.gpk-before"
}

withdraw() { mv "$1/pg_hba.conf.gpk-before" "$1/pg_hba.conf" && pg_ctl reload -D "$1" >/dev/null; }

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
