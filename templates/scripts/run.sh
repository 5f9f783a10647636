#!/bin/bash
# Runs a program in the environment of Greenplum's utilities, from a folder that it may write to. A session of gpk, which is psql with
# or without options of its own, has the options that gpk relies on. One of a user, which is begun by `env` and another variable, has not.
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
case "$1 ${2:-}" in
  "psql "*) export PGOPTIONS=$session_options ;;
  "env PGOPTIONS="*) set -- env "${2/gp_role=/$GPK_SESSION_ROLE=} $session_options" "${@:3}" ;;
esac
# psql of Greenplum 6 runs the last of several -c only, and says nothing of the others.
commands=0
for word; do
  case $word in -c | -[1AaEeHlnqSstXxz]*c | --command | --command=*) commands=$((commands + 1)) ;; esac
done
if [ $commands -gt 1 ] && [ "$GPK_WAL" = pg_xlog ] && [[ " $1 ${3:-} " = *" psql "* ]]; then
  echo "psql of this release would run the last of $commands -c only: give one, or the statements on standard input" >&2
  exit 2
fi
cd /tmp && exec "$@"
