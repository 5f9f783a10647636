#!/bin/bash
# Ready means that every database instance of this pod runs, not that sshd listens. pg_isready answers 0 where clients may
# connect, 1 while they are rejected, and Greenplum 7's own 64 ("mirror ready") for a mirror or a standby; no answer is 2. Whom an
# instance turns away it notes as a fatal error in its log, so a mirror or a standby, which lets nobody in, is only asked whether it
# speaks SSL.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

[ -f /greenplum/.gpk/initialised ] || { echo "no instance has been initialised here yet"; exit 1; }
dirs=$(instance_dirs)
[ -n "$dirs" ] || { echo "the instance is not running: it has no directory"; exit 1; }
for dir in $dirs; do
  port=$(sed -n 4p "$dir/postmaster.pid" 2>/dev/null)
  [ -n "$port" ] || { echo "the instance in $dir is not running"; exit 1; }
  read -r status < <(sed -n 8p "$dir/postmaster.pid")
  [ "$status" != standby ] || [[ $(encryption_of "$port" 2>/dev/null) != [SN] ]] || continue
  pg_isready -q -d postgres -h /tmp -p "$port"
  case $? in
    0 | 1 | 64) ;;
    *) echo "the instance in $dir does not answer on port $port"; exit 1 ;;
  esac
done
