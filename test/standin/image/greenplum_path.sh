# shellcheck shell=bash
# The environment of the stand-in's utilities. Source it from bash.
GPHOME="$(cd "$(dirname "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd)"
PATH="${GPHOME}/bin:${PATH}"
LD_LIBRARY_PATH="${GPHOME}/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export GPHOME PATH LD_LIBRARY_PATH
