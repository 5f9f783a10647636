#!/bin/bash
# Runs a program in the environment of Greenplum's utilities, from a folder that it may write to. A session of gpk, which is psql with
# or without options of its own, has the options that gpk relies on. One of a user, which is begun by `env` and another variable, has not.
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
case "$1 ${2:-}" in
  "psql "*) export PGOPTIONS=$session_options ;;
  "env PGOPTIONS="*) set -- env "${2/gp_role=/$GPK_SESSION_ROLE=} $session_options" "${@:3}" ;;
esac
cd /tmp && exec "$@"
