#!/bin/bash
# Tries ssh to every host named on standard input, many at once, and prints `HOST ok` or `HOST CAUSE`. The connections stay
# open as multiplexing masters, which spares the utilities their handshakes.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh

try() {
  if answer=$(ssh -o BatchMode=yes -o ConnectTimeout=5 "$1" true 2>&1); then
    echo "$1 ok"
  else
    echo "$1 ${answer//$'\n'/ }"
  fi
}
export -f try
# shellcheck disable=SC2016
xargs -r -P 16 -n 1 bash -c 'try "$1"' try
