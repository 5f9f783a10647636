#!/bin/bash
# `make test`, which is what CI runs: every stage timed, a table at the end, and nothing left on the machine. It needs root,
# Go, git and make, and installs what else it needs from Debian. A bench that is up is in its way, since it must begin and
# end with none.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
exec </dev/null
export DEBIAN_FRONTEND=noninteractive

logs=.bench/failed
table=()
failed=
begun=$SECONDS

# stage NAME COMMAND... runs a command with its time taken, unless an earlier stage has failed.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  if [ -n "$failed" ]; then
    table+=("$(printf '%-14s %8s  %s' "$name" - 'not run')")
    return
  fi
  printf '\n=== %s: %s\n' "$name" "$*"
  "$@" 2>&1 | tee "$said" || status=${PIPESTATUS[0]}
  if [ "$status" != 0 ]; then
    failed=$name
    printf '=== %s FAILED with exit status %d after %s\n' "$name" "$status" "$(clock $((SECONDS - began)))"
  else
    printf '=== %s done in %s\n' "$name" "$(clock $((SECONDS - began)))"
  fi
  table+=("$(printf '%-14s %8s  %s' "$name" "$(clock $((SECONDS - began)))" "$([ "$status" = 0 ] && echo ok || echo FAILED)")")
}

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# install has Debian's packages of programs that are missing. The bench and the stand-in install their own.
install() {
  local missing=()
  command -v shellcheck >/dev/null || missing+=(shellcheck)
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  [ ${#missing[@]} -gt 0 ] || { echo "nothing is missing"; return 0; }
  apt-get update -qq && apt-get install -qq --yes --no-install-recommends "${missing[@]}"
}

# no_trace compares the machine with what it was before the bench.
no_trace() {
  bash test/traces.sh >"$after" && diff --unified=0 "$before" "$after" && echo "the machine is as before"
}

# failures prints again what the failed tests said, without what ran beside them: whoever reads a long log reads its end.
failures() {
  awk '
    /^=== (RUN|CONT|NAME|PAUSE) / { test = $3; next }
    /^ *--- FAIL: / { order[++count] = $3 }
    /^ *--- / { line[$3] = line[$3] $0 "\n"; next }
    { line[test] = line[test] $0 "\n" }
    END { for (i = 1; i <= count; i++) printf "%s", line[order[i]] }' "$said" | tail -n 150
}

# in_short prints the last words of each failed test, for whoever is shown no more than a few lines.
in_short() {
  awk '
    /^=== (RUN|CONT|NAME|PAUSE) / { test = $3; next }
    /^ *--- FAIL: / { order[++count] = $3; next }
    /_test\.go:[0-9]+: / && !/ report_test\.go:/ { before[test] = last[test]; last[test] = $0 "\n" }
    END { for (i = 1; i <= count; i++) printf "FAILED: %s\n%s%s", order[i], before[order[i]], last[order[i]] }' "$said" | cut -c -400
}

# keep_logs saves what the bench's machines said, and shows the end of it.
keep_logs() {
  local log
  rm -rf "$logs" && mkdir -p "$logs"
  for log in .bench/run/machines/*/log/*.log; do
    [ -f "$log" ] || continue
    cp "$log" "$logs/$(basename "$(dirname "$(dirname "$log")")")-${log##*/}"
    printf '\n--- %s\n' "$log"
    tail -n 8 "$log" | cut -c -300
  done
  printf '\n--- whole logs: %s\n' "$logs"
}

# finish takes the bench down whatever happened, and says how all went.
finish() {
  trap - EXIT INT TERM
  if [ -n "$failed" ]; then
    [ ! -d .bench/run ] || { keep_logs; make --no-print-directory bench-down; }
  fi
  if [ -n "$failed" ]; then
    printf '\n=== what failed in %s\n' "$failed"
    failures
  fi
  printf '\n%-14s %8s\n' stage time
  printf '%s\n' "${table[@]}"
  printf '%-14s %8s\n\n' all "$(clock $((SECONDS - begun)))"
  if [ -n "$failed" ]; then
    in_short
    echo "FAILED: $failed"
  fi
  rm -f "$before" "$after" "$said"
  [ -z "$failed" ] || exit 1
  echo "all stages passed"
}

if [ "$(id -u)" != 0 ]; then
  echo "make test brings up a bench, which needs root; \`make lint unit\` needs none" >&2
  exit 2
fi
if [ -e .bench/run/state.json ]; then
  echo "a bench is up here, and make test must begin with none: \`make bench-down\` first" >&2
  exit 2
fi
before=$(mktemp) after=$(mktemp) said=$(mktemp)
trap 'failed=${failed:-interrupted}; finish' EXIT INT TERM

stage tools install
stage lint make --no-print-directory lint
stage unit make --no-print-directory unit
stage platforms make --no-print-directory platforms PLATFORMS="linux/arm64 darwin/arm64"
stage bench-build make --no-print-directory bench-build
stage standin make --no-print-directory standin
bash test/traces.sh >"$before"
stage standin-test make --no-print-directory standin-test
stage bench-test make --no-print-directory bench-test
stage bench-up make --no-print-directory bench-up
stage load make --no-print-directory load
stage e2e make --no-print-directory e2e-run
# The sample of faults runs beside the contract, where no test breaks machines; e2e begins with those that do.
stage contract make --no-print-directory --jobs=2 --output-sync=target contract-run faults-sample
if [ -z "$failed" ]; then
  stage bench-down make --no-print-directory bench-down
  stage no-trace no_trace
fi
finish
