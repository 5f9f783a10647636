#!/bin/bash
# Server settings of this pod's instances, without a session of their servers.
#   try DIR NAME=VALUE...   has a server start with the files of the instance in DIR and these settings, as far as it gets without data.
#                           Prints `starts`, or `said LINE` for each line of a server that did not get there, then `end`
#   check DIR...            prints `differs DIR NAME` for each setting that the files of an instance do not have as they should, then `end`
#   write DIR...            gives the settings to the files, or takes them out, as gpconfig does. It refuses where an instance runs
# check and write read lines `set NAME VALUE`, with the value in quotes, or `remove NAME`, then `end`. Names are in lower case. Of
# directories that are not there they say nothing.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

runs() { pg_ctl status -D "$1" >/dev/null 2>&1; }

# By the time at which a server misses its write-ahead log it has read its files, loaded its libraries and certificates, and has its
# memory. Of the instance it gets the files of its directory, such as a certificate, and of the folders there only the names.
try() {
  local dir=$1 folder setting options=()
  shift
  folder=$(mktemp -d /tmp/gpk-try.XXXXXX) || return 1
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  find "$dir" -mindepth 1 -maxdepth 1 -type d ! -name "$GPK_WAL" -printf "$folder/%f\\0" | xargs -0 -r mkdir &&
    cp -p "$dir/global/pg_control" "$folder/global/" &&
    find -L "$dir" -maxdepth 1 -type f -size -1024k ! -name 'postmaster.*' ! -name '*.signal' ! -name 'recovery.*' ! -name '*.old' \
      -exec cp -pL -t "$folder" {} + || return 1
  # The instance that runs has the memory already.
  ! runs "$dir" || options=(-c shared_buffers=16MB)
  for setting; do options+=(-c "$setting"); done
  LC_ALL=C timeout -k 5 60 postgres -D "$folder" ${options[@]+"${options[@]}"} -c "data_directory=$folder" -c external_pid_file= -c listen_addresses= \
    -c "unix_socket_directories=$folder" -c logging_collector=off -c log_destination=stderr -c lc_messages=C -c gp_role=utility \
    >"$folder/said" 2>&1 </dev/null
  if grep -q 'required WAL directory' "$folder/said"; then
    echo starts
  else
    # Two tries of the same fault say the same.
    sed "s|$folder|$dir|g; s/^/said /" "$folder/said" | tail -n 50
  fi
  echo end
}

# A list that was cut off on its way must not be taken for a shorter one.
declare -A wanted=()
names=()
read_change() {
  local verb name value
  while read -r verb name value && [ "$verb" != end ]; do
    names+=("$name")
    [ "$verb" != set ] || wanted[$name]=$value
  done
  [ "$verb" = end ] || { echo "the settings did not arrive whole: nothing was changed" >&2; return 1; }
}

# lines hands each line of a file of settings to awk, with the name of its setting in lower case, or none.
lines() {
  awk -v given=" ${names[*]} " '{
    name = tolower($0); sub(/^[ \t]+/, "", name); sub(/[ \t=].*/, "", name)
    ours = name != "" && index(given, " " name " ") > 0
  }'"$1" "$2"
}

differing() {
  local dir=$1 name value
  declare -A has=()
  # shellcheck disable=SC2016
  while read -r name value; do has[$name]=$value; done < <(lines 'ours { sub(/^[^=]*/, ""); print name, $0 }' "$dir/postgresql.conf")
  for name in "${names[@]}"; do
    [ "${has[$name]-}" = "${wanted[$name]+=${wanted[$name]}}" ] || echo "$name"
  done
  [ ! -f "$dir/postgresql.auto.conf" ] || lines 'ours { print name }' "$dir/postgresql.auto.conf"
}

check() {
  local dir name
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    while read -r name; do echo "differs $dir $name"; done < <(differing "$dir" | sort -u)
  done
  echo end
}

# changed prints a file as it is to be, and fails if not all of it could be written.
changed() {
  local name
  case $1 in
    *auto.conf) lines '!ours' "$1" ;;
    *)
      # shellcheck disable=SC2016
      lines '{ print (ours ? "#" : "") $0 }' "$1" || return
      for name in "${names[@]}"; do
        [ -z "${wanted[$name]+set}" ] || echo "$name=${wanted[$name]}" || return
      done
      ;;
  esac
}

# All lines of a change are written if one is wrong: their order may matter. What comes last counts, and what ALTER SYSTEM has set more.
write() {
  local dir name file
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    [ -n "$(differing "$dir")" ] || continue
    ! runs "$dir" || { echo "the instance in $dir runs: its files were not changed" >&2; return 1; }
    for file in "$dir/postgresql.conf" "$dir/postgresql.auto.conf"; do
      [ -f "$file" ] || continue
      cp -p "$file" "$file.gpk-new" || return 1
      changed "$file" >"$file.gpk-new" && mv "$file.gpk-new" "$file" || return 1
    done
  done
  echo end
}

verb=$1
shift
case $verb in
  try) try "$@" ;;
  check | write) read_change && "$verb" "$@" ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
