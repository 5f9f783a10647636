#!/bin/bash
# What gpk has decided, as this pod sees it: which pod is the acting coordinator, whether the database is to run at all, and the
# hosts. Sourced by keep.sh and coordinator.sh.

decided() { cat "/gpk/state/$1" 2>/dev/null; }

# A decision comes into a pod that is older than it within two minutes. Until then the pod sees none, soon after `gpk create`, or
# the one before. Each has a term, and gpk lets the coordinators' pods know that at once.
# A file that a loss of power left empty has none.
term_in() {
  local term
  term=$(cat "$1" 2>/dev/null)
  [[ $term =~ ^[0-9]+$ ]] || term=0
  echo "$term"
}
outdated() { [ "$(term_in /gpk/state/term)" -lt "$(term_in /greenplum/.gpk/term)" ]; }

# The decision that this pod does not see yet is the one by which the coordinator here was halted. Where a later one is on its way,
# it may be that the coordinator here is to act again.
halted() { outdated && [ "$(term_in /greenplum/.gpk/halted)" = "$(term_in /greenplum/.gpk/term)" ]; }

to_be_stopped() { [ "$(decided database)" = stopped ]; }

# withheld prints why the coordinator of this pod may not be started, and fails if it may. In this order: all files change at once,
# and what is read after a term belongs to it or to a later one.
withheld() {
  if outdated; then
    echo "a decision of gpk is still on its way into this pod"
  elif to_be_stopped; then
    echo "the database is to be stopped"
  elif [ "$(decided coordinator)" != "${HOSTNAME%%.*}" ]; then
    echo "the acting coordinator is to be in pod '$(decided coordinator)'"
  else
    return 1
  fi
}
