#!/bin/bash
# Another image for the Greenplum that create.sh has made, as an administrator would script it without gpk: gpstop, all pods
# anew, gpstart, and a question. Its last line is the number of seconds that the database was down.
#   upgrade.sh NAMESPACE IMAGE
# The image should be on the nodes already.
set -euo pipefail
namespace=$1 image=$2
# shellcheck source=SCRIPTDIR/kubectl.sh
. "$(dirname "$0")/kubectl.sh"

on_coordinator() { k exec coordinator-0 -- bash -c ". ~/.bashrc; $1"; }
renewed() { k get pods -l app=greenplum -o jsonpath='{range .items[*]}{.spec.containers[0].image}{"\n"}{end}' | grep -cx "$image"; }

# Pods that run stay as they are until they are deleted.
for role in coordinator primary mirror; do
  k patch "statefulset/$role" -p '{"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}'
  k set image "statefulset/$role" "greenplum=$image"
done
wanted=$(k get pods -l app=greenplum -o name | wc -l)

began=$(date +%s%N)
on_coordinator "gpstop -a -M fast"
# kubectl's own wait has been seen to miss that a pod has gone.
k delete pods -l app=greenplum --wait=false
until [ "$(renewed)" = "$wanted" ]; do sleep 0.1; done
k wait pods -l app=greenplum --for condition=Ready --timeout 10m
on_coordinator "gpstart -a"
on_coordinator "psql -XAt -d postgres -c \"select count(*) from gp_dist_random('gp_id')\""
down=$((($(date +%s%N) - began) / 1000000))
printf '%d.%03d\n' $((down / 1000)) $((down % 1000))
