#!/bin/bash
# The standby in pod coordinator-1 takes over from a coordinator that has died, as an administrator would script it without
# gpk: gpactivatestandby, and the Service of clients.sh pointed at the other pod. That nothing acknowledged is lost, and that
# the old coordinator stays away, is left to whoever types it.
#   failover.sh NAMESPACE
set -euo pipefail
namespace=$1
# shellcheck source=SCRIPTDIR/kubectl.sh
. "$(dirname "$0")/kubectl.sh"

# Without this, gpactivatestandby takes the files of a process that was killed for a coordinator that runs.
k exec coordinator-0 -- bash -c "rm -f /tmp/.s.PGSQL.5432*"
k exec coordinator-1 -- bash -c ". ~/.bashrc; gpactivatestandby -a -d /greenplum/coordinator/gpseg-1"
k patch service clients -p '{"spec": {"selector": {"statefulset.kubernetes.io/pod-name": "coordinator-1"}}}'
