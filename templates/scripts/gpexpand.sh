#!/bin/bash
# gpexpand, with the arguments given, while clients write. It makes new segments from a copy of the coordinator's data directory,
# and Greenplum 7 refuses to start a segment from a copy in whose log a transaction of several segments was committed: "the limit
# of 0 distributed transactions has been reached". So the copy is brought to the end of its log while it still is a
# coordinator's: alone, without a port, in utility mode. pg_basebackup is found here first, in the folder of
# the job.
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
PATH_OF_GREENPLUM=$PATH
export PATH_OF_GREENPLUM
bin=$PWD/bin
mkdir "$bin" || exit 1
cat >"$bin/pg_basebackup" <<'EOF'
#!/bin/bash
PATH=$PATH_OF_GREENPLUM
pg_basebackup "$@" || exit
for ((i = 1; i <= $#; i++)); do
  [ "${!i}" != -D ] || { i=$((i + 1)); target=${!i}; }
done
exec postgres --single -D "$target" -c gp_role=utility -c gp_contentid=-1 postgres </dev/null
EOF
chmod 700 "$bin/pg_basebackup" || exit 1
PATH=$bin:$PATH
exec gpexpand "$@"
