-- The one place where the catalogue is kept: database postgres of the
-- coordinator. Every other database reads it from here (see views.sql).
create schema if not exists standin;
grant usage on schema standin to public;

create table standin.segment_configuration (
    dbid           smallint primary key,
    content        smallint not null,
    role           "char"   not null,
    preferred_role "char"   not null,
    mode           "char"   not null,
    status         "char"   not null,
    port           integer  not null,
    hostname       text     not null,
    address        text     not null,
    datadir        text     not null,
    unique (content, preferred_role)
);

-- A request for a probe raises requested; the prober, having looked at every
-- segment since, raises finished to the number that it saw.
create table standin.probe_scan (requested bigint not null, finished bigint not null);
insert into standin.probe_scan values (0, 0);
