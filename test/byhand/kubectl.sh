#!/bin/bash
# What the scripts beside it begin with: k is kubectl in the namespace of the script, the bench's or the one that KUBECTL names.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kubectl=${KUBECTL:-$here/../../.bench/bin/kubectl}
[ -x "$kubectl" ] || kubectl=$(command -v kubectl)

k() { "$kubectl" --namespace "${namespace:?}" "$@"; }
