#!/bin/bash
# Lets clients reach the Greenplum that create.sh has made, wherever its coordinator is: a Service that points at the
# coordinator's pod, and a word in the pg_hba.conf of both coordinators. failover.sh points the Service elsewhere.
#   clients.sh NAMESPACE
set -euo pipefail
namespace=$1
# shellcheck source=SCRIPTDIR/kubectl.sh
. "$(dirname "$0")/kubectl.sh"

k expose pod coordinator-0 --name clients --port 5432 --selector statefulset.kubernetes.io/pod-name=coordinator-0
# The pods of this namespace are the only ones there are.
for pod in coordinator-0 coordinator-1; do
  k exec "$pod" -- bash -c ". ~/.bashrc
    echo 'host all gpadmin all trust' >>\$COORDINATOR_DATA_DIRECTORY/pg_hba.conf
    pg_ctl reload -D \$COORDINATOR_DATA_DIRECTORY"
done
