#!/bin/bash
# What differs between the releases of Greenplum's family for gpk's scripts, found by the programs of the image. Sourced by env.sh.
# Greenplum 6 is PostgreSQL 9.4. All later members of the family have the names that PostgreSQL has since 10.
if ! command -v pg_waldump >/dev/null 2>&1 && command -v pg_xlogdump >/dev/null 2>&1; then
  export GPK_WAL=pg_xlog GPK_WALDUMP=pg_xlogdump GPK_LOG=pg_log
  # The setting by which a session reaches a segment past the coordinator.
  export GPK_SESSION_ROLE=gp_session_role
  # A server before PostgreSQL 10 reads its certificates when it starts, and takes no key that its user does not own.
  export GPK_SERVER_KEY=/dev/shm/gpk-server.key
else
  export GPK_WAL=pg_wal GPK_WALDUMP=pg_waldump GPK_LOG=log
  export GPK_SESSION_ROLE=gp_role
  export GPK_SERVER_KEY=/gpk/ssh/server.key
fi
