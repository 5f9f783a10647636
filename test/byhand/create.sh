#!/bin/bash
# A Greenplum of SEGMENTS primaries, as many mirrors and a standby on Kubernetes, as an administrator would script it without
# gpk: manifests, `kubectl apply`, `kubectl rollout status`, gpinitsystem by one `kubectl exec`, and a first question.
#   create.sh NAMESPACE IMAGE [SEGMENTS]
# The namespace must be there. `kubectl delete namespace NAMESPACE` removes it all.
set -euo pipefail
namespace=$1 image=$2 segments=${3:-4}
# shellcheck source=SCRIPTDIR/kubectl.sh
. "$(dirname "$0")/kubectl.sh"

host() { echo "$1.gp.$namespace.svc.cluster.local"; }

files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT

# entries ROLE PORT DBID prints a line of gpinitsystem's file for every segment.
entries() {
  local content name
  for ((content = 0; content < segments; content++)); do
    name=$(host "$1-$content")
    echo "$name~$name~$2~/greenplum/$1/gpseg$content~$(($3 + content))~$content"
  done
}

coordinator=$(host coordinator-0)
cat >"$files/gpinitsystem.conf" <<CONF
TRUSTED_SHELL=ssh
ENCODING=UTF-8
HBA_HOSTNAMES=1
QD_PRIMARY_ARRAY=$coordinator~$coordinator~5432~/greenplum/coordinator/gpseg-1~1~-1
declare -a PRIMARY_ARRAY=(
$(entries primary 40000 2)
)
declare -a MIRROR_ARRAY=(
$(entries mirror 50000 $((2 + segments)))
)
CONF
ssh-keygen -q -t ed25519 -N '' -C gpadmin -f "$files/id_ed25519"

k create secret generic gp-ssh --from-file="$files/id_ed25519" --from-file=authorized_keys="$files/id_ed25519.pub"
k create configmap gp --from-file="$here/start.sh" --from-file="$files/gpinitsystem.conf"

pods() { sed -e "s|ROLE|$1|g" -e "s|REPLICAS|$2|" -e "s|IMAGE|$image|" "$here/statefulset.yaml"; }
{
  cat "$here/service.yaml"
  echo ---
  pods coordinator 2
  echo ---
  pods primary "$segments"
  echo ---
  pods mirror "$segments"
} | k apply -f -
for role in coordinator primary mirror; do
  k rollout status "statefulset/$role" --timeout 10m
done

# gpinitsystem wants to write to its own input.
k exec coordinator-0 -- bash -c ". ~/.bashrc
  cp /config/gpinitsystem.conf ~
  gpinitsystem -a -I ~/gpinitsystem.conf -s $(host coordinator-1) -P 5432 -S /greenplum/coordinator/gpseg-1"

k exec coordinator-0 -- bash -c ". ~/.bashrc; psql -XAt -d postgres -c \"select count(*) from gp_dist_random('gp_id')\""
