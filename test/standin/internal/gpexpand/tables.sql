-- The distributed tables of a database, with the bytes that segments hold.
select d.relid, current_database(), quote_ident(d.schemaname) || '.' || quote_ident(d.tablename), null::oid, 2, false,
       'NOT STARTED', null::timestamp, null::timestamp,
       coalesce((select sum(r.value::bigint) from standin.on_primaries(format(
           'select coalesce(pg_relation_size(to_regclass(%L)), 0)::text', quote_ident(d.schemaname) || '.' || quote_ident(d.tablename)),
           current_database()) r where r.content = any(d.contents)), 0)
  from standin.distributed d
