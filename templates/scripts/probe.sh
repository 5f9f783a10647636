#!/bin/bash
# Tries doors of the cluster's pods from a pod that is not one of them, and prints `open HOST/PORT` or `closed HOST/PORT` for each, then `end`.
# The first one is open to clients: with it closed too, the others say nothing.
#   probe.sh HOST/PORT...
set -u
try() {
  # The DNS may not know a name yet that was just made.
  for _ in 1 2 3; do
    if timeout 2 bash -c "</dev/tcp/$1" 2>/dev/null; then
      echo "open $1"
      return
    fi
  done
  echo "closed $1"
}

for door; do try "$door" & done
wait
echo end
