#!/bin/bash
# gpbackup and gprestore in the acting coordinator's pod, and what they need in every pod for a while. gpbackup copies the configuration of
# its plugin to /tmp of every host and into the bucket. So there is no key in it: the key lies apart from it, in memory only.
#   facts                 prints `program NAME VERSION`, with `absent` for a missing one, `plugin PATH`, `resize yes|no`, and `end`
#   configure             takes a tar of files on standard input, and keeps them in memory
#   clear TIMESTAMP...    removes these files, and what gpbackup and gprestore have left of these backups beside the instances
#   space                 prints `free BYTES` of the volume, and `end`
#   backup                makes a backup for each of the files request.N in the folder of the job, which have an argument on each line
#   restore               restores one, by request.1; with a file `scratch`, into that database, which it counts and drops again
#   outcome JOB           prints `request N STATUS TIMESTAMP`, `cause N TEXT` for its last errors, and `end`, of the job's last run
#   counts JOB            prints what a restore into a scratch database has counted
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
memory=/dev/shm/gpk-backup
jobs=/greenplum/.gpk/jobs

version() {
  local out
  out=$("$1" --version 2>/dev/null) || out=
  out=${out##*version }
  echo "program $1 ${out:-absent}"
}

facts() {
  local name
  for name in gpbackup gprestore gpbackup_helper gpbackup_s3_plugin; do version "$name"; done
  echo "plugin $(command -v gpbackup_s3_plugin)"
  if gprestore --help 2>&1 | grep -q -- --resize-cluster; then echo "resize yes"; else echo "resize no"; fi
  echo end
}

configure() {
  local new
  umask 077
  new=$(mktemp -d "$memory.XXXXXX") || return 1
  if tar -x -C "$new" && rm -rf "$memory" && mv -T "$new" "$memory"; then return 0; fi
  rm -rf "$new"
  return 1
}

# A folder of backups may have others, which somebody has made without gpk.
clear_pod() {
  local stamp dir
  # Their copies have a time before their name, that of gprestore's start for one.
  rm -rf "$memory" "$memory".?????? /tmp/[0-9]*_plugin.yaml
  for stamp; do
    [[ $stamp =~ ^[0-9]{14}$ ]] || continue
    rm -f "/tmp/gpbackup_${stamp}_report" "/tmp/$stamp.lck"
    for dir in $(instance_dirs); do
      rm -rf -- "$dir/backups/${stamp:0:8}/$stamp"
      rmdir "$dir/backups/${stamp:0:8}" "$dir/backups" 2>/dev/null
    done
  done
  return 0
}

# The job outlives gpk, so it clears by itself.
clear_all() {
  local stamps
  stamps=$(cat timestamp.* 2>/dev/null | tr '\n' ' ')
  { sed "s/\$/ $stamps/" hosts; echo end; } | /bin/bash /gpk/scripts/everywhere.sh backup.sh clear >/dev/null 2>&1
  # shellcheck disable=SC2086
  clear_pod $stamps
}

# utility runs gpbackup or gprestore for request N, and notes which backup it was about and why it failed.
utility() {
  local number=$1 name=$2 line status
  shift 2
  : >"cause.$number"
  PGHOST=/tmp "$name" --verbose --plugin-config "$memory/plugin.yaml" "$@" 2>&1 </dev/null | while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
      *"-[INFO]:-Backup Timestamp = "*) echo "${line##* = }" >"timestamp.$number" ;;
      *"-[CRITICAL]:-"* | *"-[ERROR]:-"*) printf '%s\n' "${line#*]:-}" >>"cause.$number" ;;
    esac
  done
  status=${PIPESTATUS[0]}
  echo "$status" >"status.$number"
  return "$status"
}

# note puts what gpk has to say of a backup into its folder in the bucket: gpbackup has no name for a backup.
note() {
  local stamp file
  [ -s note ] || return 0
  stamp=$(cat "timestamp.$1") || return 1
  file=$COORDINATOR_DATA_DIRECTORY/backups/${stamp:0:8}/$stamp/gpbackup_${stamp}_gpk.json
  # shellcheck disable=SC2046
  cp note "$file" && $(cat "$memory/plugin") backup_file "$memory/plugin.yaml" "$file"
}

backup() {
  local file number arguments worst=0
  for file in request.*; do
    number=${file##*.}
    mapfile -t arguments <"$file"
    if utility "$number" gpbackup "${arguments[@]}"; then
      note "$number" || echo "the note of gpk could not be stored: the backup has no name" >&2
    else
      worst=1
    fi
  done
  clear_all
  return $worst
}

sql() { PGOPTIONS=$session_options psql -X -A -t -q -v ON_ERROR_STOP=1 "$@"; }

restore() {
  local arguments status
  scratch=''
  mapfile -t arguments <request.1
  sed -n '/^--timestamp$/{n;p;}' request.1 >timestamp.1
  if [ -f scratch ]; then
    scratch=$(<scratch)
    sql -d postgres -c "drop database if exists $scratch" || return 1
    # Whatever ends the job: it leaves no database behind.
    trap 'sql -d postgres -c "drop database if exists $scratch"' EXIT
    if [ -f prepare.sql ]; then
      sql -d postgres -c "create database $scratch" && sql -d "$scratch" -f prepare.sql || return 1
    fi
  fi
  utility 1 gprestore "${arguments[@]}"
  status=$?
  if [ -n "$scratch" ] && [ $status = 0 ]; then
    sql -d "$scratch" -f counts.sql >counts || { status=$?; echo "the rows could not be counted" >>cause.1; }
    echo "$status" >status.1
  fi
  clear_all
  return $status
}

outcome() {
  local file number
  cd "$jobs/$1" || return 1
  for file in request.*; do
    number=${file##*.}
    echo "request $number $(cat "status.$number" 2>/dev/null || echo -1) $(cat "timestamp.$number" 2>/dev/null || echo -)"
    [ ! -f "cause.$number" ] || tail -n 3 "cause.$number" | cut -c 1-1000 | sed "s/^/cause $number /"
  done
  echo end
}

verb=$1
shift
case $verb in
  facts) facts ;;
  configure) configure ;;
  clear) clear_pod "$@" ;;
  space) echo "free $(($(stat -f -c '%a * %S' /greenplum)))"; echo end ;;
  backup) backup ;;
  restore) restore ;;
  outcome) outcome "$@" ;;
  counts) cat "$jobs/$1/counts" ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
