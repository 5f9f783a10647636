#!/bin/bash
# Durable jobs: a utility that runs on when gpk or its connection is gone. Everything about a job is in its own folder on
# the volume: its input files, argv, pid with start time, log and exit status.
#   start NAME ARGV...    takes a tar of input files on standard input; refuses while the same job runs
#   state NAME            prints `absent`, `running SINCE`, `exited STATUS`, or `lost`
#   follow NAME OFFSET    prints the log from that byte on until the job has ended, and then its state on standard error
#   tail NAME             prints the log's end
# shellcheck disable=SC2094
set -u
verb=$1
name=$2
shift 2
root=/greenplum/.gpk/jobs
folder=$root/$name
# shellcheck source=SCRIPTDIR/prune.sh
. /gpk/scripts/prune.sh

# A pid alone may name a stranger after the container was replaced; with its start time it cannot. A dead process that
# nobody has buried yet has none.
start_time() {
  local stat
  read -ra stat 2>/dev/null <"/proc/$1/stat" && [ "${stat[2]}" != Z ] && echo "${stat[21]}"
}

# A utility outlives its wrapper when somebody killed only that. Its children carry GPK_JOB as well, and some of them (the
# database, ssh's masters) are meant to stay, so the utility's own name must be there too.
survives() {
  utility=$(head -n 1 "$folder/argv")
  while read -r environ; do
    tr '\0' ' ' 2>/dev/null <"${environ%environ}cmdline" | grep -qF -- "$utility" && return 0
  done < <(grep -lszxF -- "GPK_JOB=$name" /proc/[0-9]*/environ)
  return 1
}

state() {
  if [ ! -d "$folder" ]; then
    echo absent
  elif [ -f "$folder/status" ]; then
    echo "exited $(cat "$folder/status")"
  else
    read -r pid started since <"$folder/pid" 2>/dev/null || { echo lost; return; }
    if [ "$(start_time "$pid")" = "$started" ]; then
      echo "running $since"
    elif [ -f "$folder/status" ]; then
      # It ended between the two looks.
      echo "exited $(cat "$folder/status")"
    elif survives; then
      echo "running $since"
    else
      echo lost
    fi
  fi
}

# run is the job's own process: it notes who it is, and its status when it is done.
run() {
  cd "$folder" || exit 1
  echo "$$ $(start_time $$) $(date -u +%Y-%m-%dT%H:%M:%SZ)" >pid.new && mv pid.new pid || exit 1
  # shellcheck source=SCRIPTDIR/env.sh
  . /gpk/scripts/env.sh
  if [ "$1" = gpinitsystem ]; then
    export BASH_ENV=/gpk/scripts/builtins.sh
    GPK_SHELLS=$(mktemp -d) && export GPK_SHELLS
    # That of Greenplum 6 knows a locale only in the letters of `locale -a`, as en_US.utf8.
    if [ "$GPK_WAL" = pg_xlog ]; then
      local arguments=("$@") i
      for i in "${!arguments[@]}"; do
        [ "${arguments[i]}" != -n ] || arguments[i + 1]=$(spelled "${arguments[i + 1]}")
      done
      set -- "${arguments[@]}"
    fi
  fi
  # A session of gpk. The utilities set the options of theirs, and start servers, which must not get these.
  [ "$1" != psql ] || export PGOPTIONS=$session_options
  "$@"
  echo $? >status.new && mv status.new status
  rm -rf "${GPK_SHELLS:-}"
}

spelled() {
  locale -a 2>/dev/null | awk -v given="$1" '
    function plain(name) { gsub(/-/, "", name); return tolower(name) }
    plain($0) == plain(given) { given = $0 }
    END { print given }'
}

refuse() {
  echo "the job $name is running already" >&2
  exit 3
}

which_folder() { stat -c %i "$folder" 2>/dev/null; }

# Of two starts at once, which both find that the job does not run, the second one is refused, also if the first one's job is done
# by then.
start() {
  found=$(which_folder)
  fresh=$(mktemp -d "$root/.new.XXXXXX") || exit 1
  trap 'rm -rf "$fresh"' EXIT
  tar -x -C "$fresh" || exit 1
  printf '%s\n' "$@" >"$fresh/argv"
  exec 9>"$root/.lock" || exit 1
  flock 9
  [ "$(which_folder)" = "$found" ] || refuse
  case $(state) in
    running*) refuse ;;
    absent) ;;
    *) mv -T "$folder" "$folder.$(date -u +%Y%m%dT%H%M%S.%N)" || exit 1 ;;
  esac
  mv -T "$fresh" "$folder" || refuse
  prune_runs 2>/dev/null
  prune_daily
  GPK_JOB=$name setsid /bin/bash "$0" run "$name" "$@" >"$folder/log" 2>&1 </dev/null 9>&- &
  # The caller may believe a job that has been started to be known.
  until [ -f "$folder/pid" ]; do
    kill -0 $! 2>/dev/null || { echo "the job $name did not begin: $(tail -n 3 "$folder/log")" >&2; exit 1; }
    sleep 0.02
  done
}

follow() {
  read -r pid _ _ <"$folder/pid" || exit 1
  tail -c "+$(($1 + 1))" -s 0.1 -f --pid="$pid" "$folder/log" && state >&2
}

case $verb in
  state) state ;;
  start) start "$@" ;;
  run) run "$@" ;;
  follow) follow "$@" ;;
  tail) tail -n 20 "$folder/log" ;;
  *) echo "unknown verb: $verb" >&2; exit 2 ;;
esac
