#!/bin/bash
# Ends a user's psql whose gpk does not wait for it any more: the program, which may have read more of a script, and then its session on
# the server, which would go on with its statement. Reads the name of the session. Prints `left N`, the sessions that have not ended,
# and `end`.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
read -r name
[[ $name =~ ^gpk-psql-[0-9a-f]+$ ]] || { echo "no name of a session: $name" >&2; exit 2; }
for process in /proc/[0-9]*; do
  ! grep -qszxF -- "PGAPPNAME=$name" "$process/environ" "$process/cmdline" || kill "${process#/proc/}" 2>/dev/null
done
for ((tries = 0; tries < 50; tries++)); do
  left=$(PGOPTIONS=$session_options psql -d postgres -XAtq -v ON_ERROR_STOP=1 \
    -c "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = '$name'") || exit 1
  [ "$left" != 0 ] || break
  sleep 0.2
done
echo "left $left"
echo end
