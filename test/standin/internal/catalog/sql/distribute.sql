-- Distributed tables. The coordinator's table is partitioned by hash, one
-- foreign table a primary; the rows are in a plain table of the same schema
-- and name in the database of the same name on each segment.

-- What the coordinator believes the segments' tables look like.
create table standin.distributed (
    relid       oid primary key,
    schemaname  name not null,
    tablename   name not null,
    key_columns name[] not null,
    contents    smallint[] not null,
    definition  text not null       -- what makes the table on a segment, as it is now
);

-- Moves of rows between segments that were decided: what a segment has prepared
-- under one of these names is to be committed, all else to be rolled back.
create table standin.moves (name text primary key);
create table standin.distributed_column (
    relid  oid not null references standin.distributed on delete cascade,
    attnum smallint not null,
    name   name not null,
    type   text not null,
    primary key (relid, attnum)
);

-- Runs a command on one segment inside the transaction of the session: the
-- foreign table's counterpart executes what is inserted.
create function standin.remote(content smallint, command text) returns void
language plpgsql set search_path = pg_catalog, standin as $$
begin
    execute format('insert into standin.remote_gpseg%s values ($1)', content) using command;
end $$;

-- Makes the database, if it has none, and the means to run commands on a segment.
create function standin.bootstrap_segment(seg pg_catalog.gp_segment_configuration) returns void
language plpgsql set search_path = pg_catalog, standin as $$
declare
    there boolean;
begin
    select t.n into there from dblink(standin.primary_conninfo(seg, 'postgres'),
        format('select exists (select from pg_database where datname = %L)', current_database())) as t (n boolean);
    if not there then
        perform dblink_exec(standin.primary_conninfo(seg, 'postgres'), format('create database %I', current_database()));
    end if;
    perform dblink_exec(standin.primary_conninfo(seg, current_database()), $remote$
        do $do$ begin
            set local client_min_messages = warning;
            create schema if not exists standin;
            if to_regclass('standin.remote') is null then
                create table standin.remote (command text);
                create function standin.run_remote() returns trigger language plpgsql as
                    $f$ begin execute new.command; return null; end $f$;
                create trigger run before insert on standin.remote
                    for each row execute function standin.run_remote();
            end if;
        end $do$ $remote$);
end $$;

-- Makes the foreign servers of this database, one a primary.
create function standin.connect_segments() returns smallint[]
language plpgsql set search_path = pg_catalog, standin as $$
declare
    seg      pg_catalog.gp_segment_configuration;
    contents smallint[] := '{}';
begin
    for seg in select * from gp_segment_configuration c where c.role = 'p' and c.content >= 0 order by c.content loop
        contents := contents || seg.content;
        if not exists (select from pg_foreign_server where srvname = 'gpseg' || seg.content) then
            perform standin.bootstrap_segment(seg);
            execute format('create server gpseg%s foreign data wrapper postgres_fdw options
                (host %L, port %L, dbname %L, connect_timeout ''5'', keepalives_idle ''2'', keepalives_interval ''2'',
                 keepalives_count ''3'', tcp_user_timeout ''10000'', fetch_size ''10000'', batch_size ''1000'')',
                seg.content, seg.address, seg.port, current_database());
            execute format('create user mapping for public server gpseg%s options (user %L, password_required ''false'')',
                seg.content, (select rolname from pg_roles where oid = 10));
            execute format('create foreign table standin.remote_gpseg%1$s (command text) server gpseg%1$s
                options (schema_name ''standin'', table_name ''remote'', batch_size ''1'')', seg.content);
        end if;
    end loop;
    return contents;
end $$;

-- Points this database's servers at the primaries of the catalogue.
create function standin.follow_catalogue() returns integer
language plpgsql set search_path = pg_catalog, standin as $$
declare
    r       record;
    altered integer := 0;
begin
    for r in select s.srvname, c.address, c.port from pg_foreign_server s
               join gp_segment_configuration c on s.srvname = 'gpseg' || c.content and c.role = 'p'
              where not s.srvoptions @> array['host=' || c.address, 'port=' || c.port] loop
        execute format('alter server %I options (set host %L, set port %L)', r.srvname, r.address, r.port);
        altered := altered + 1;
    end loop;
    return altered;
end $$;

-- A column's type on the segments. What the segments do not know (a user's own
-- enum or domain) is kept there as text.
create function standin.segment_type(typ oid, typmod integer) returns text
language sql stable set search_path = pg_catalog as $$
    select case when t.typnamespace = 'pg_catalog'::regnamespace then format_type(typ, typmod) else 'text' end
      from pg_type t where t.oid = typ
$$;

create function standin.remember_columns(rel oid) returns void
language sql set search_path = pg_catalog as $$
    delete from standin.distributed_column where relid = rel;
    insert into standin.distributed_column
    select rel, a.attnum, a.attname, standin.segment_type(a.atttypid, a.atttypmod)
      from pg_attribute a where a.attrelid = rel and a.attnum > 0 and not a.attisdropped
$$;

-- The columns of a table's primary key, or else of its first unique
-- constraint: what Greenplum would distribute by.
create function standin.key_of(rel oid) returns name[]
language sql stable set search_path = pg_catalog as $$
    select array(select a.attname from unnest(c.conkey) with ordinality k(attnum, n)
                   join pg_attribute a on a.attrelid = rel and a.attnum = k.attnum order by k.n)
      from pg_constraint c where c.conrelid = rel and c.contype in ('p', 'u')
     order by c.contype = 'p' desc, c.oid limit 1
$$;

create function standin.hashable(rel oid) returns name[]
language sql stable set search_path = pg_catalog as $$
    select array(select a.attname from pg_attribute a
                  where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                    and exists (select from pg_type t where t.oid = a.atttypid
                                   and (t.typtype in ('e', 'r') or t.typcategory = 'A'
                                        or exists (select from pg_opclass o join pg_am m on m.oid = o.opcmethod
                                                    where m.amname = 'hash' and o.opcdefault
                                                      and (o.opcintype = t.oid or exists (select from pg_cast k
                                                           where k.castsource = t.oid and k.casttarget = o.opcintype
                                                             and k.castmethod = 'b')))))
                  order by a.attnum limit 1)
$$;

-- The segments' own definition: columns, and those unique constraints that
-- hold the key, for only they can be kept by each segment alone.
create function standin.segment_table(rel oid, schemaname name, tablename name, key name[]) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    body text;
    con  record;
begin
    select string_agg(format('%I %s%s%s', a.attname, standin.segment_type(a.atttypid, a.atttypmod),
                             case when a.attnotnull then ' not null' else '' end,
                             case when a.attgenerated = 's' then
                                 format(' generated always as (%s) stored', pg_get_expr(f.adbin, f.adrelid)) else '' end),
                      ', ' order by a.attnum)
      into body from pg_attribute a left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
     where a.attrelid = rel and a.attnum > 0 and not a.attisdropped;
    for con in select c.conname, c.contype, array(select a.attname from unnest(c.conkey) with ordinality k(attnum, n)
                      join pg_attribute a on a.attrelid = rel and a.attnum = k.attnum order by k.n) as columns
                 from pg_constraint c where c.conrelid = rel and c.contype in ('p', 'u', 'f', 'x') loop
        if con.contype in ('p', 'u') and key <@ con.columns then
            body := body || format(', %s (%s)', case con.contype when 'p' then 'primary key' else 'unique' end,
                                   (select string_agg(quote_ident(c), ', ') from unnest(con.columns) c));
        else
            raise notice 'constraint "%" of table "%" is not enforced by the stand-in', con.conname, tablename;
        end if;
    end loop;
    return format('create schema if not exists %1$I; drop table if exists %1$I.%2$I cascade; create table %1$I.%2$I (%3$s)',
                  schemaname, tablename, coalesce(body, ''));
end $$;

-- Makes the partitions of a distributed table, one a content.
create function standin.spread(rel oid) returns void
language plpgsql set search_path = pg_catalog, standin as $$
declare
    d standin.distributed;
begin
    select * into d from standin.distributed where relid = rel;
    for i in 1 .. array_length(d.contents, 1) loop
        execute format('create foreign table standin.%I partition of %I.%I for values with (modulus %s, remainder %s)
                        server %I options (schema_name %L, table_name %L)',
            't' || rel || '_gpseg' || d.contents[i], d.schemaname, d.tablename, array_length(d.contents, 1), i - 1,
            'gpseg' || d.contents[i], d.schemaname, d.tablename);
    end loop;
end $$;

-- Spreads a table over all primaries that there are, and no rows of it: whoever
-- calls it moves them.
create function standin.respread(rel oid) returns void
language plpgsql set search_path = pg_catalog, standin as $$
declare
    content smallint;
begin
    foreach content in array (select contents from standin.distributed where relid = rel) loop
        execute format('drop foreign table standin.%I', 't' || rel || '_gpseg' || content);
    end loop;
    update standin.distributed set contents = standin.connect_segments() where relid = rel;
    perform standin.spread(rel);
end $$;

-- Makes a plain table a distributed one, with its rows. Without columns it is
-- distributed as Greenplum would by default.
create function standin.distribute(rel regclass, variadic columns name[] default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, standin, pg_temp as $$
declare
    t        record;
    old      text := 'standin_' || rel::oid;
    made     oid;
    key      name[] := columns;
    contents smallint[];
    seq      record;
    names    text;
    remote   text;
    guard    text := current_setting('standin.distributing', true);
begin
    select c.relname, n.nspname, c.relkind, c.relispartition, c.relpersistence, r.rolname as owner,
           exists (select from pg_inherits i where rel in (i.inhrelid, i.inhparent)) as inherits
      into t from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
     where c.oid = rel;
    if t.relkind <> 'r' or t.relispartition or t.inherits or t.relpersistence = 't' then
        raise exception 'the stand-in distributes plain tables only, and "%" is not one', rel;
    end if;
    if key = '{}' then
        key := coalesce(standin.key_of(rel), standin.hashable(rel));
    end if;
    if key = '{}' then
        raise notice 'table "%" has no column to distribute by and stays on the coordinator', rel;
        return;
    end if;
    contents := standin.connect_segments();
    perform set_config('standin.distributing', 'on', true);

    remote := standin.segment_table(rel, t.nspname, t.relname, key);
    execute format('alter table %s rename to %I', rel, old);
    execute format('create table %1$I.%2$I (like %1$I.%3$I including comments including constraints including defaults
                    including generated including identity including storage) partition by hash (%4$s)',
        t.nspname, t.relname, old, (select string_agg(quote_ident(c), ', ') from unnest(key) c));
    made := format('%I.%I', t.nspname, t.relname)::regclass;
    for seq in select s.oid::regclass as name, a.attname from pg_depend d
                 join pg_class s on s.oid = d.objid and s.relkind = 'S'
                 join pg_attribute a on a.attrelid = rel and a.attnum = d.refobjsubid
                where d.classid = 'pg_class'::regclass and d.refobjid = rel and d.deptype = 'a' loop
        execute format('alter sequence %s owned by %I.%I.%I', seq.name, t.nspname, t.relname, seq.attname);
    end loop;
    insert into standin.distributed values (made, t.nspname, t.relname, key, contents, remote);
    perform standin.remember_columns(made);
    for i in 1 .. array_length(contents, 1) loop
        perform standin.remote(contents[i], remote);
    end loop;
    perform standin.spread(made);
    select string_agg(quote_ident(attname), ', ' order by attnum) into names from pg_attribute
     where attrelid = rel and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('insert into %1$I.%2$I (%4$s) overriding system value select %4$s from %1$I.%3$I',
        t.nspname, t.relname, old, names);
    execute format('drop table %I.%I', t.nspname, old);
    execute format('alter table %I.%I owner to %I', t.nspname, t.relname, t.owner);
    perform set_config('standin.distributing', coalesce(guard, ''), true);
end $$;

revoke all on function standin.distribute(regclass, name[]) from public;

-- How many rows each primary holds.
create function standin.rows_per_segment(rel regclass) returns table (content smallint, row_count bigint)
language plpgsql security definer set search_path = pg_catalog, standin as $$
declare
    d standin.distributed;
begin
    select * into d from standin.distributed where relid = rel;
    if not found then
        raise exception 'table "%" is not distributed', rel;
    end if;
    foreach content in array d.contents loop
        execute format('select count(*) from standin.%I', 't' || rel::oid || '_gpseg' || content) into row_count;
        return next;
    end loop;
end $$;

-- Carries ALTER TABLE on a distributed table to the segments.
create function standin.alter_segments(rel oid) returns void
language plpgsql set search_path = pg_catalog, standin as $$
declare
    d       standin.distributed;
    now_is  record;
    c       record;
    target  text;
    command text := '';
    content smallint;
begin
    select * into d from standin.distributed where relid = rel;
    select n.nspname, r.relname into now_is from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = rel;
    target := format('%I.%I', d.schemaname, d.tablename);
    for c in
        select o.name as was, o.type as was_type, a.attname as name, standin.segment_type(a.atttypid, a.atttypmod) as type,
               case when a.atthasdef and a.attgenerated = '' then pg_get_expr(f.adbin, f.adrelid) end as value
          from (select * from standin.distributed_column where relid = rel) o
          full join (select * from pg_attribute where attrelid = rel and attnum > 0 and not attisdropped) a using (attnum)
          left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    loop
        if c.name is null then
            command := command || format('alter table %s drop column %I cascade; ', target, c.was);
        elsif c.was is null then
            command := command || format('alter table %s add column %I %s%s; ', target, c.name, c.type,
                case when c.value is null or c.value like '%nextval(%' then '' else ' default ' || c.value end);
        else
            if c.was <> c.name then
                command := command || format('alter table %s rename column %I to %I; ', target, c.was, c.name);
            end if;
            if c.was_type <> c.type then
                command := command || format('alter table %s alter column %I type %s using %2$I::%3$s; ', target, c.name, c.type);
            end if;
        end if;
    end loop;
    if d.tablename <> now_is.relname then
        command := command || format('alter table %s rename to %I; ', target, now_is.relname);
    end if;
    if d.schemaname <> now_is.nspname then
        command := command || format('create schema if not exists %1$I; alter table %2$I.%3$I set schema %1$I; ',
                                     now_is.nspname, d.schemaname, now_is.relname);
    end if;
    if command = '' then
        return;
    end if;
    foreach content in array d.contents loop
        perform standin.remote(content, command);
        execute format('alter foreign table standin.%I options (set schema_name %L, set table_name %L)',
                       't' || rel || '_gpseg' || content, now_is.nspname, now_is.relname);
    end loop;
    update standin.distributed d set schemaname = now_is.nspname, tablename = now_is.relname,
           definition = d.definition || '; ' || command where relid = rel;
    perform standin.remember_columns(rel);
end $$;

create function standin.on_ddl() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, standin as $$
declare
    r record;
begin
    if current_setting('standin.distributing', true) = 'on' then
        return;
    end if;
    for r in select distinct on (c.objid) c.objid, c.schema_name, t.relkind, t.relispartition, t.relpersistence,
                    exists (select from pg_inherits i where i.inhrelid = c.objid) as inherits
               from pg_event_trigger_ddl_commands() c join pg_class t on t.oid = c.objid
              where c.classid = 'pg_class'::regclass and not c.in_extension loop
        if exists (select from standin.distributed where relid = r.objid) then
            perform set_config('standin.distributing', 'on', true);
            perform standin.alter_segments(r.objid);
            perform set_config('standin.distributing', '', true);
        elsif tg_tag <> 'ALTER TABLE' and r.relkind = 'r' and r.relpersistence <> 't'
              and not r.relispartition and not r.inherits
              and r.schema_name not like 'pg\_%' and r.schema_name not in ('information_schema', 'standin', 'gp_toolkit', 'gpexpand')
              and exists (select from gp_segment_configuration where content >= 0) then
            perform standin.distribute(r.objid::regclass);
        end if;
    end loop;
end $$;

create function standin.on_drop() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, standin as $$
declare
    d       standin.distributed;
    content smallint;
begin
    for d in delete from standin.distributed
              where relid in (select objid from pg_event_trigger_dropped_objects() where classid = 'pg_class'::regclass)
              returning * loop
        foreach content in array d.contents loop
            perform standin.remote(content, format('drop table if exists %I.%I cascade', d.schemaname, d.tablename));
        end loop;
    end loop;
end $$;

create event trigger standin_ddl on ddl_command_end
    when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE') execute function standin.on_ddl();
create event trigger standin_drop on sql_drop execute function standin.on_drop();
