#!/bin/bash
# `make demo`: a database from a file, each command shown as one would type it. On the bench with the stand-in, unless
# KUBECONFIG names a cluster; then GPK_IMAGE names the image.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n%s\n' "$*"; }

# What is shown is what runs.
show() {
  local word line=
  for word; do
    case $word in
      *[!A-Za-z0-9_./:=-]*) line+=" \"$word\"" ;;
      *) line+=" $word" ;;
    esac
  done
  printf '\n$%s\n' "$line"
  "$@"
}

file=testdata/demo.yaml
if [ -n "${KUBECONFIG:-}" ]; then
  if [ -z "${GPK_IMAGE:-}" ]; then
    echo "KUBECONFIG is set, so the demo is for your own cluster: name the image with GPK_IMAGE=REFERENCE as well," >&2
    echo "or run \`env -u KUBECONFIG make demo\` for one on this machine. docs/image.md says what an image must have." >&2
    exit 2
  fi
  say "On the cluster of $KUBECONFIG with the image $GPK_IMAGE"
  stop="gpk delete -n analytics --cluster demo --delete-data --confirm demo"
else
  if [ "$(id -u)" != 0 ] || [ "$(uname -s)" != Linux ]; then
    echo "the demo brings its own Kubernetes, for which it needs Linux and root; or set KUBECONFIG and GPK_IMAGE for your own" >&2
    exit 2
  fi
  say "A real Kubernetes on this machine, and the image of a stand-in database, made of PostgreSQL, which is not Greenplum"
  say "(the first time builds both: some minutes)"
  make --no-print-directory bench-up load
  export KUBECONFIG=$PWD/.bench/kubeconfig
  stop="make bench-down"
fi
export PATH=$PWD/bin:$PATH

say "A database of two primaries with mirrors, and a coordinator with a standby: $file"
show gpk create -f "$file" --create-namespace
show gpk status -n analytics
show gpk psql -n analytics -- -c \
  "select (select count(*) from gpk_verify) as rows, (select sum(id) from gpk_verify) as sum, (select count(*) from gp_dist_random('gp_id')) as segments_that_answer"

cat <<END

These are the rows that create wrote, read back from all segments. To look further:

  export KUBECONFIG=$KUBECONFIG PATH=$PWD/bin:\$PATH
  gpk create -f $file      # again: no changes
  gpk psql -n analytics                 # SQL

To stop:                       $stop
On your own cluster, with a
real Greenplum image:          KUBECONFIG=~/.kube/config GPK_IMAGE=registry.example/greenplum:7.1.0 make demo
END
