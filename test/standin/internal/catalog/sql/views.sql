-- What Greenplum keeps in shared catalogue tables, as views that every
-- database has because template1 has them.
create schema if not exists standin;
grant usage on schema standin to public;
create extension if not exists dblink schema standin;
create extension if not exists postgres_fdw schema standin;
set allow_system_table_mods = on;

-- The coordinator's own database postgres, over its local socket.
create function standin.store() returns text language sql stable as $$
    select format('host=%s port=%s dbname=postgres user=%s',
                  split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'),
                  (select rolname from pg_roles where oid = 10))
$$;

create function standin.segment_configuration()
returns table (dbid smallint, content smallint, role "char", preferred_role "char", mode "char",
               status "char", port integer, hostname text, address text, datadir text)
language plpgsql stable security definer set search_path = pg_catalog, standin as $$
begin
    return query select * from standin.dblink(standin.store(),
        'select dbid, content, role, preferred_role, mode, status, port, hostname, address, datadir
           from standin.segment_configuration order by dbid')
        as t (dbid smallint, content smallint, role "char", preferred_role "char", mode "char",
              status "char", port integer, hostname text, address text, datadir text);
end $$;

create view pg_catalog.gp_segment_configuration as select * from standin.segment_configuration();
grant select on pg_catalog.gp_segment_configuration to public;

-- Greenplum's is a table, which a superuser may change by hand with allow_system_table_mods.
create function standin.update_segment_configuration() returns trigger
language plpgsql security definer set search_path = pg_catalog, standin as $$
begin
    if not current_setting('allow_system_table_mods')::boolean then
        raise exception 'permission denied: "gp_segment_configuration" is a system catalog';
    end if;
    perform dblink_exec(standin.store() || ' options=''-c synchronous_commit=local''', format(
        'update standin.segment_configuration set content = %s, role = %L, preferred_role = %L, mode = %L, status = %L, port = %s,
           hostname = %L, address = %L, datadir = %L where dbid = %s',
        new.content, new.role, new.preferred_role, new.mode, new.status, new.port, new.hostname, new.address, new.datadir, old.dbid));
    return new;
end $$;
create trigger changed instead of update on pg_catalog.gp_segment_configuration
    for each row execute function standin.update_segment_configuration();

-- The prober is a client to PostgreSQL; Greenplum's is a process of its own.
create or replace view pg_catalog.pg_stat_activity as
    select s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, r.rolname as usename, s.application_name,
           s.client_addr, s.client_hostname, s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change,
           s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, s.query_id, s.query,
           case s.application_name when 'standin-prober' then 'ftsprobe process' else s.backend_type end as backend_type
      from pg_stat_get_activity(null) s left join pg_database d on d.oid = s.datid left join pg_authid r on r.oid = s.usesysid;

create view pg_catalog.gp_id as
    select 'Greenplum'::name as gpname, -1::smallint as numsegments, -1::smallint as dbid, -1::smallint as content;
grant select on pg_catalog.gp_id to public;

create function standin.primary_conninfo(seg pg_catalog.gp_segment_configuration, db name) returns text
language sql stable as $$
    select format('host=%s port=%s dbname=%s connect_timeout=5 keepalives_idle=2 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000', seg.address, seg.port,
                  quote_literal(replace(db, '\', '\\')))
$$;

-- Runs one query on every primary and gives its rows, in the order of contents.
create function standin.on_primaries(query text, db name)
returns table (content smallint, value text)
language plpgsql security definer set search_path = pg_catalog, standin as $$
declare
    seg pg_catalog.gp_segment_configuration;
begin
    for seg in select * from gp_segment_configuration c where c.role = 'p' and c.content >= 0 order by c.content loop
        begin
            return query select seg.content, r.value
                from dblink(standin.primary_conninfo(seg, db), query) as r (value text);
        exception when sqlclient_unable_to_establish_sqlconnection then
            raise exception 'failed to acquire resources on one or more segments'
                using detail = 'FTS detected one or more segments are down',
                      hint = format('%s (seg%s %s:%s)', sqlerrm, seg.content, seg.address, seg.port);
        end;
    end loop;
end $$;
revoke all on function standin.on_primaries(text, name) from public;

-- Greenplum's gp_dist_random reads any relation on the segments themselves.
-- Here it gives as many rows as the relation has there, each with the content.
create function pg_catalog.gp_dist_random(relation text)
returns table (gpname name, numsegments smallint, dbid smallint, content smallint)
language plpgsql security definer set search_path = pg_catalog, standin as $$
begin
    if relation in ('gp_id', 'pg_catalog.gp_id') then
        return query select 'Greenplum'::name, n.primaries, c.dbid, r.content
            from standin.on_primaries('select ''1''', 'postgres') r
            join (select count(*)::smallint as primaries from gp_segment_configuration g
                   where g.role = 'p' and g.content >= 0) n on true
            join gp_segment_configuration c on c.content = r.content and c.role = 'p';
    else
        perform standin.connect_segments();
        return query select null::name, null::smallint, null::smallint, r.content
            from standin.on_primaries(format('select ''1'' from %s', relation::regclass), current_database()) r;
    end if;
end $$;

create function standin.stat_replication()
returns table (gp_segment_id integer, pid integer, usename name, application_name text, client_addr inet,
               client_hostname text, client_port integer, backend_start timestamptz, state text,
               sent_lsn pg_lsn, write_lsn pg_lsn, flush_lsn pg_lsn, replay_lsn pg_lsn,
               sync_priority integer, sync_state text, sync_error text)
language sql security definer set search_path = pg_catalog, standin as $$
    select -1, s.pid, s.usename, s.application_name, s.client_addr, s.client_hostname, s.client_port, s.backend_start,
           s.state, s.sent_lsn, s.write_lsn, s.flush_lsn, s.replay_lsn, s.sync_priority, s.sync_state, 'none'
      from pg_stat_replication s
    union all
    select r.content, (j->>'pid')::integer, (j->>'usename')::name, j->>'application_name', (j->>'client_addr')::inet,
           j->>'client_hostname', (j->>'client_port')::integer, (j->>'backend_start')::timestamptz,
           j->>'state', (j->>'sent_lsn')::pg_lsn, (j->>'write_lsn')::pg_lsn, (j->>'flush_lsn')::pg_lsn,
           (j->>'replay_lsn')::pg_lsn, (j->>'sync_priority')::integer, j->>'sync_state', 'none'
      from standin.on_primaries('select row_to_json(s)::text from pg_stat_replication s', 'postgres') r,
           lateral (select r.value::json as j) as parsed
$$;

create view pg_catalog.gp_stat_replication as select * from standin.stat_replication();
grant select on pg_catalog.gp_stat_replication to public;

-- Asks the prober to look now, and returns when it has. Neither its commit nor
-- the notification may wait for a standby that is gone.
create function pg_catalog.gp_request_fts_probe_scan() returns boolean
language plpgsql security definer set search_path = pg_catalog, standin as $$
declare
    ticket bigint;
    seen   bigint := 0;
begin
    if 'standin_probe' = any(dblink_get_connections()) then
        perform dblink_disconnect('standin_probe');
    end if;
    perform dblink_connect('standin_probe', standin.store() || ' options=''-c synchronous_commit=local''');
    select t.n into ticket from dblink('standin_probe',
        'update standin.probe_scan set requested = requested + 1 returning requested') as t (n bigint);
    perform dblink_exec('standin_probe', 'notify standin_probe');
    for i in 1 .. 6000 loop
        select t.n into seen from dblink('standin_probe', 'select finished from standin.probe_scan') as t (n bigint);
        exit when seen >= ticket;
        perform pg_sleep(0.02);
    end loop;
    perform dblink_disconnect('standin_probe');
    if seen < ticket then
        raise exception 'the prober did not answer within two minutes';
    end if;
    return true;
end $$;
