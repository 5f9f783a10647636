#!/bin/bash
# Replaces pg_hba.conf of an instance in this pod by standard input, whole or not at all, and keeps the one before. The
# first argument is the checksum of the file that was read, so that a change in between is not lost. The second is that of
# what is to come, since input that was cut off on its way ends like any other. The third is the data directory.
set -eu
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
file=$3/pg_hba.conf
new=$file.gpk-new
cat >"$new"
[ "$(sha256sum <"$new")" = "$2  -" ] || { echo "the new pg_hba.conf did not arrive whole: nothing was changed" >&2; exit 1; }
[ "$(sha256sum <"$file")" = "$1  -" ] || { echo "pg_hba.conf was changed by somebody else meanwhile" >&2; exit 1; }
cp -p "$file" "$file.gpk-before"
chmod --reference="$file" "$new"
mv "$new" "$file"
pg_ctl reload -D "$3" >/dev/null
