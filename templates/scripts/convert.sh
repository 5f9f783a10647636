#!/bin/bash
# Converts what an earlier gpk made: instances whose hosts have full names, and that know each other by these names.
#   check DIR...   prints `old DIR FILE` for each file of an instance that is not converted yet, then `end`
#   files DIR...   converts these files of instances that do not run; pg_hba.conf is standard input
#   catalogue      converts the hosts in the catalogue of this pod's coordinator, while the database is stopped
# The catalogue comes first, and the coordinators' files come last: whoever finds these converted knows that all else is.
# Of directories that are not there they say nothing.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

# What follows, follows a host by name: since Greenplum 7 by the first of these files, before by the second.
follow_files() { ls "$1/postgresql.auto.conf" "$1/recovery.conf" 2>/dev/null; }

# A host with a domain: host=demo-primary-0.demo.analytics.svc.cluster.local, in quotes or not. An address begins with a digit.
host="([ '\"]host ?= ?'*)([a-z][a-z0-9-]*)\\.[a-z0-9.-]*"
named() { grep -Eq "^[[:space:]]*primary_conninfo.*$host" "$1"; }

# gpk's own file begins like this since it writes the file as a whole.
authenticated() { [[ $(head -n 1 "$1/pg_hba.conf") = "# gpk writes this file as a whole"* ]] && grep -q '^ssl=on$' "$1/postgresql.conf"; }

check() {
  local dir file
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    for file in $(follow_files "$dir"); do
      ! named "$file" || echo "old $dir ${file##*/}"
    done
    authenticated "$dir" || echo "old $dir pg_hba.conf"
  done
  echo end
}

files() {
  local dir file hba
  hba=$(cat)
  for dir; do
    [ -f "$dir/postgresql.conf" ] || continue
    ! pg_ctl status -D "$dir" >/dev/null 2>&1 || { echo "the instance in $dir runs: its files were not converted" >&2; return 1; }
    for file in $(follow_files "$dir"); do
      named "$file" || continue
      cp -p "$file" "$file.gpk-new" && sed -E "/^[[:space:]]*primary_conninfo/s/$host/\\1\\2/" "$file" >"$file.gpk-new" &&
        mv "$file.gpk-new" "$file" || return
    done
    /bin/bash /gpk/scripts/hba.sh write "$dir" >/dev/null <<<"$hba" || return
  done
  echo end
}

# A commit must not wait for the standby, which does not run: it gets the change when it follows again. The last line says what is left.
convert="update gp_segment_configuration set hostname = split_part(hostname, '.', 1), address = split_part(hostname, '.', 1)
  where hostname like '%.%' or address like '%.%';
select 'left ' || count(*) from gp_segment_configuration where hostname like '%.%' or address like '%.%';"

# The coordinator runs alone, and takes connections of utilities only. The answer decides, not what the utilities exit with.
catalogue() {
  local said
  gpstart -a -m
  said=$(PGOPTIONS="-c gp_role=utility -c allow_system_table_mods=on -c synchronous_commit=local" \
    psql -d postgres -XAtq -v ON_ERROR_STOP=1 -c "$convert")
  gpstop -a -m -M fast
  echo "$said"
  [ "${said##*$'\n'}" = "left 0" ] || { echo "the catalogue still has hosts with full names" >&2; return 1; }
}

verb=$1
shift
case $verb in
  check) check "$@" ;;
  files) files "$@" ;;
  catalogue) catalogue ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
