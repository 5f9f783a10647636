#!/bin/bash
# Who may come into the instances of this pod: pg_hba.conf as a whole, the certificates by which the cluster's own pods know each other,
# whatever address or name they have, and the one that the coordinator shows to clients.
#   check DIR...    prints `differs DIR FILE` for each file of an instance that is not as it should be, then `end`
#   write DIR...    makes these files so, and has an instance that runs read them. Of one that runs unencrypted and takes certificates at
#                   its start only, as in Greenplum 6, it leaves pg_hba.conf alone, by which nobody could come in then: it prints
#                   `restart DIR`
#   offer DIR       is write, and keeps the pg_hba.conf before, until a write. A server that has no view of its pg_hba.conf, as in Greenplum 6,
#                   tells only its log which lines it refuses: prints `refused LINE MESSAGE` for each
#   withdraw DIR    gives an instance that pg_hba.conf back, if there is one
#   certificate     gives this pod's user the administrator's certificate, where libpq looks for it, and the servers theirs; none runs yet
#   renew           does so again, and has the servers that run read what has changed; prints `mounted SHA256` of the clients' certificate
#                   in its Secret, or `missing`; `unfit` where that does not fit its key; `start` where servers take certificates at
#                   their start only; then `end`
#   show            prints `certificate FILE BASE64` for each file with certificates that are nobody's secret, then `end`
# check, write and offer read pg_hba.conf from standard input. Of directories that are not there they say nothing.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
keys=/gpk/ssh
# What the pod mounts of the Secret with the certificate that clients see, and where the coordinator's server finds it, with its key.
tls=/gpk/tls clients=/dev/shm/gpk-clients.pem unfit=

# The key is root's and readable by the pod's group, which PostgreSQL takes for a server's key and not for a client's. A root.crt has libpq
# refuse a server with another certificate.
certificate() {
  local home
  home=$(getent passwd "$(id -u)" | cut -d: -f6)/.postgresql
  [ -s "$keys/gpadmin.crt" ] || { echo "Secret/NAME-ssh has no certificates yet" >&2; return 1; }
  umask 077
  mkdir -p "$home" || return
  # A coordinator shows the certificate of clients to the pods too. What it takes for the administrator's is ssl_ca_file's matter.
  authorities "$home/root.crt" && put "$home/postgresql.crt" "$keys/gpadmin.crt" && put "$home/postgresql.key" "$keys/gpadmin.key" || return
  [ "$GPK_SERVER_KEY" -ef "$keys/server.key" ] || put "$GPK_SERVER_KEY" "$keys/server.key" || return
  clients_certificate
}

# libpq takes nothing of a file with one damaged certificate in it, and no pod would connect to another one. Such a file is not used.
authorities() {
  if [ ! -s "$tls/ca.crt" ] || loads "$tls/ca.crt"; then
    put "$1" "$keys/ca.crt" "$tls/ca.crt"
    return
  fi
  unfit=1
  echo "$tls/ca.crt is damaged: the authorities before stay" >&2
  [ -s "$1" ] || put "$1" "$keys/ca.crt"
}

# put makes a file of others, whole or not at all. The first of them must be there.
put() {
  local to=$1 file content
  shift
  [ -r "$1" ] || { echo "$1 is missing" >&2; return 1; }
  content=$(for file; do [ ! -s "$file" ] || { cat "$file" && echo; }; done | sed '/^$/d')
  printf '%s\n' "$content" | cmp -s - "$to" || { printf '%s\n' "$content" >"$to.new" && mv "$to.new" "$to"; }
}

# The certificate that clients see and its key are one file, which is replaced at once. A pair that does not fit keeps no server from its
# start: the last one that did stays, or it is the cluster's own, which clients cannot verify. So it is in a segment's pod: gpexpand gives
# the coordinator's postgresql.conf to new segments.
clients_certificate() {
  local new=$clients.tried now
  # A cluster whose clients see no certificate of their own needs no further copy of a key.
  [ -d "$tls" ] || return 0
  now=$(readlink "$tls/..data" 2>/dev/null) || now=.
  if [ -s "$tls/tls.crt" ] && put "$new" "$tls/$now/tls.crt" "$tls/$now/tls.key"; then
    if fits "$new"; then
      mv "$new" "$clients" && rm -f "$clients.own"
      return
    fi
    unfit=1
    rm -f "$new"
    echo "the certificate in $tls does not fit its key: the servers keep the one before" >&2
  fi
  if [ -e "$clients.own" ] || [ ! -s "$clients" ]; then
    : >"$clients.own" && put "$clients" "$keys/server.crt" "$keys/server.key"
  fi
}

# by_python runs a Python program that knows TLS with a file. Its status is 9 where there is no such Python.
by_python() {
  local python status
  for python in python3 python python2; do
    env -u PYTHONHOME -u PYTHONPATH -u LD_LIBRARY_PATH -u OPENSSL_CONF "$python" -c "
import sys
try:
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_SSLv23)
except (ImportError, AttributeError):
    sys.exit(9)
try:
    $1
except TypeError:
    sys.exit(9)
except Exception:
    sys.exit(1)" "$2" 2>/dev/null
    status=$?
    case $status in 9 | 126 | 127) ;; *) return $status ;; esac
  done
  return 9
}

# fits says whether a server would take a certificate with its key. Without a Python that knows TLS, and without openssl, it may.
fits() {
  local status
  by_python 'context.load_cert_chain(sys.argv[1], password=lambda: "")' "$1"
  status=$?
  [ $status = 9 ] || return $status
  status=$(openssl x509 -noout -pubkey -in "$1" 2>/dev/null) || { ! command -v openssl >/dev/null 2>&1; return; }
  [ "$(openssl pkey -pubout -passin pass: -in "$1" 2>/dev/null)" = "$status" ]
}

# loads says whether libpq would take a file of authorities: it reads as Python does. Without such a Python it may.
loads() {
  by_python 'context.load_verify_locations(sys.argv[1])' "$1"
  case $? in 0 | 9) ;; *) return 1 ;; esac
}

# encryption prints the settings of an instance. Only the cluster's own authority certifies who is gpadmin.
encryption() {
  local certificate=$keys/server.crt key=$GPK_SERVER_KEY
  if [[ $1 = */coordinator/* ]] && [ -d "$tls" ]; then certificate=$clients key=$clients; fi
  echo "ssl=on
ssl_cert_file='$certificate'
ssl_key_file='$key'
ssl_ca_file='$keys/ca.crt'"
}

its_lines='^[[:space:]]*ssl(_cert_file|_key_file|_ca_file)?[[:space:]=]'

# What ALTER SYSTEM has set outranks postgresql.conf.
encrypted() {
  [ "$(grep -E "$its_lines" "$1/postgresql.conf")" = "$(encryption "$1")" ] && ! grep -qsE "$its_lines" "$1/postgresql.auto.conf"
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
      [ $file = postgresql.auto.conf ] || rest+=$'\n'$(encryption "$dir")
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

# What the servers have read of the certificates, in the form of a sum: they hold keys.
shown() { cat "$clients" "$keys/ca.crt" "$keys/server.crt" "$keys/server.key" 2>/dev/null | sha256sum; }

renew() {
  local dir sum
  certificate || return
  sum=$(shown)
  if [ "$sum" != "$(cat "$clients.shown" 2>/dev/null)" ]; then
    for dir in $(instance_dirs); do
      ! pg_ctl status -D "$dir" >/dev/null 2>&1 || pg_ctl reload -D "$dir" >/dev/null || return
    done
    echo "$sum" >"$clients.shown"
  fi
  if [ -s "$tls/tls.crt" ]; then sum=$(sha256sum <"$tls/tls.crt") && echo "mounted ${sum%% *}"; else echo missing; fi
  [ -z "$unfit" ] || echo unfit
  [ "$GPK_SERVER_KEY" = "$keys/server.key" ] || echo start
  echo end
}

show() {
  local file content
  for file in "$keys/ca.crt" "$keys/server.crt" "$keys/gpadmin.crt" "$tls/ca.crt"; do
    [ ! -s "$file" ] || { content=$(base64 -w 0 <"$file") && echo "certificate $file $content"; } || return
  done
  echo end
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
  certificate) certificate && shown >"$clients.shown" ;;
  renew | show) "$verb" ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
