#!/bin/bash
# Runs a program in the environment of Greenplum's utilities, from a folder that it may write to.
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
cd /tmp && exec "$@"
