create schema gpexpand;
create table gpexpand.status (status text, updated timestamp);
create table gpexpand.status_detail (
    table_oid          oid,
    dbname             text,
    fq_name            text,
    root_partition_oid oid,
    rank               integer,
    external_writable  boolean,
    status             text,
    expansion_started  timestamp,
    expansion_finished timestamp,
    source_bytes       numeric
);
create view gpexpand.expansion_progress as
with since as (select max(updated) as at from gpexpand.status where status = 'EXPANSION STARTED'),
     moved as (select sum(source_bytes) as bytes, 1 + extract(epoch from max(expansion_finished) - min(expansion_started)) as seconds
                 from gpexpand.status_detail where status = 'COMPLETED' and expansion_started > (select at from since)),
     word (status, tables, bytes) as (values ('COMPLETED', 'Tables Expanded', 'Bytes Done'),
                                             ('NOT STARTED', 'Tables Left', 'Bytes Left'),
                                             ('IN PROGRESS', 'Tables In Progress', 'Bytes In Progress'))
select w.tables as name, count(*)::text as value
  from gpexpand.status_detail d left join word w using (status) group by w.tables
union
select w.bytes, sum(source_bytes)::text from gpexpand.status_detail d left join word w using (status) group by w.bytes
union
select 'Estimated Expansion Rate', (bytes / seconds / 1024 / 1024)::text || ' MB/s' from moved
union
select 'Estimated Time to Completion', ((sum(d.source_bytes) / (select 1 + bytes / seconds from moved))::text || ' seconds')::interval::text
  from gpexpand.status_detail d where d.status in ('IN PROGRESS', 'NOT STARTED');
