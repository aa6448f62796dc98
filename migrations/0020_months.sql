-- Contents and events in months, so that old ones move to an archive in one step, and tables that are written to stay small.
create schema archive;
grant usage on schema archive to certnode_app;

-- What there is becomes the first month of each table, as it lies: nothing is copied. The newest month has no end, so that
-- every row has a place; `begin_month` gives it one when the next is made (domain/src/months).
alter table payloads rename to payloads_begin;
alter table payloads_begin rename constraint payloads_pkey to payloads_begin_pkey;
drop policy payloads_own on payloads_begin;
drop policy payloads_sequenced on payloads_begin;
revoke all on payloads_begin from certnode_app, certnode_sequencer;
create table payloads (like payloads_begin, primary key (org_id, mode, receipt_id)) partition by range (receipt_id);
alter table payloads attach partition payloads_begin for values from (minvalue) to (maxvalue);
create table archive.payloads (like payloads, primary key (org_id, mode, receipt_id)) partition by range (receipt_id);

-- The key of a table in parts must have what they are parted by; and such a table has no identity before PostgreSQL 17.
alter table events rename to events_begin;
drop trigger events_announced on events_begin;
drop policy events_own on events_begin;
drop policy events_sequenced on events_begin;
revoke all on events_begin from certnode_app, certnode_sequencer;
alter table events_begin drop constraint events_pkey;
alter table events_begin add primary key (org_id, id, created_at);
alter table events_begin rename constraint events_org_id_fkey to events_begin_org_id_fkey;
create sequence event_ids;
select setval('event_ids', last_value, is_called) from events_id_seq;
alter table events_begin alter id drop identity;
create table events (like events_begin, primary key (org_id, id, created_at), foreign key (org_id) references orgs (id))
    partition by range (created_at);
alter table events alter id set default nextval('event_ids');
alter sequence event_ids owned by events.id;
alter table events attach partition events_begin for values from (minvalue) to (maxvalue);
create trigger events_announced after insert on events referencing new table as written
    for each statement execute function announce_events();
create table archive.events (like events, primary key (org_id, id, created_at)) partition by range (created_at);

-- Whoever goes through the table is held to its policies. A month by itself has none, and is granted to nobody.
alter table payloads enable row level security;
alter table payloads force row level security;
create policy payloads_own on payloads to certnode_app using (org_id = current_org());
create policy payloads_sequenced on payloads to certnode_sequencer using (true) with check (true);
grant select, delete on payloads to certnode_app;
grant select, insert on payloads to certnode_sequencer;
alter table archive.payloads enable row level security;
alter table archive.payloads force row level security;
create policy payloads_own on archive.payloads to certnode_app using (org_id = current_org());
grant select, delete on archive.payloads to certnode_app;

alter table events enable row level security;
alter table events force row level security;
create policy events_own on events to certnode_app using (org_id = current_org()) with check (org_id = current_org());
create policy events_sequenced on events to certnode_sequencer using (true) with check (true);
grant select, insert on events to certnode_app;
grant insert on events to certnode_sequencer;
grant usage on sequence event_ids to certnode_app, certnode_sequencer;
alter table archive.events enable row level security;
alter table archive.events force row level security;
create policy events_own on archive.events to certnode_app using (org_id = current_org());
grant select on archive.events to certnode_app;

-- The first key of a month. Receipt ids are UUIDs of version 7, which begin with their milliseconds.
create function month_key(of text, month timestamptz) returns text language sql stable
    return case of
        when 'payloads' then rpad(lpad(to_hex((extract(epoch from month) * 1000)::bigint), 12, '0'), 32, '0')::uuid::text
        else month::text end;
-- When a month begins whose first key this is.
create function key_month(of text, key text) returns timestamptz language sql stable
    return case of
        when 'payloads' then to_timestamp((('x0000' || left(replace(key, '-', ''), 12))::bit(64)::bigint / 1000.0)::float8)
        else key::timestamptz end;

-- The months of both tables, here and in the archive. The first has no beginning, the newest no end.
create view months as
    select parent.relname::text as of, schema.nspname = 'archive' as is_archived, month.relname::text as name, bound.text as bound,
        key_month(parent.relname::text, substring(bound.text from $$FROM \('([^']+)'\)$$)) as from_at,
        key_month(parent.relname::text, substring(bound.text from $$TO \('([^']+)'\)$$)) as until_at,
        pg_total_relation_size(month.oid) as bytes, space.spcname::text as tablespace
    from pg_inherits tie
    join pg_class parent on parent.oid = tie.inhparent
    join pg_namespace schema on schema.oid = parent.relnamespace and schema.nspname in ('public', 'archive')
    join pg_class month on month.oid = tie.inhrelid
    left join pg_tablespace space on space.oid = month.reltablespace,
    lateral pg_get_expr(month.relpartbound, month.oid) as bound (text)
    where parent.relkind = 'p' and parent.relname in ('payloads', 'events');

-- The newest month takes nothing any more from the next one on. What it has is held against that by `check_month`.
create function limit_month(of text, next timestamptz) returns void language plpgsql as $$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = limit_month.of and not is_archived and until_at is null;
    perform public.unlimit_month(of);
    execute format('alter table public.%1$I add constraint %1$s_until check (%2$I < %3$L) not valid', newest,
        case of when 'payloads' then 'receipt_id' else 'created_at' end, public.month_key(of, next));
end $$;

-- Reads the newest month through, while it is written to. 23514: it has rows of the next one.
create function check_month(of text) returns void language plpgsql as $$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = check_month.of and not is_archived and until_at is null;
    execute format('alter table public.%1$I validate constraint %1$s_until', newest);
end $$;

-- Takes the limit back, if there is one.
create function unlimit_month(of text) returns void language plpgsql as $$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = unlimit_month.of and not is_archived and until_at is null;
    if exists (select from pg_constraint where conrelid = format('public.%I', newest)::regclass and conname = newest || '_until') then
        execute format('alter table public.%1$I drop constraint %1$s_until', newest);
    end if;
end $$;

-- The newest month ends where the next begins, which it is held to by its checked limit, so that no row is read for it.
create function begin_month(of text, next timestamptz) returns void language plpgsql as $$
declare
    fresh text := of || to_char(next at time zone 'UTC', '_YYYY_MM');
    key text := public.month_key(of, next);
    newest record;
begin
    execute format('create table public.%I (like public.%I including all)', fresh, of);
    execute format('alter table public.%1$I add constraint %1$s_from check (%2$I >= %3$L)', fresh,
        case of when 'payloads' then 'receipt_id' else 'created_at' end, key);
    execute format('alter table public.%I enable row level security', fresh);
    execute format('alter table public.%I force row level security', fresh);
    execute format('lock table only public.%I in access exclusive mode', of);
    select name, bound into strict newest from public.months
        where months.of = begin_month.of and not is_archived and until_at is null;
    execute format('alter table public.%I detach partition public.%I', of, newest.name);
    execute format('alter table public.%I attach partition public.%I %s', of, newest.name,
        replace(newest.bound, 'TO (MAXVALUE)', format('TO (%L)', key)));
    execute format('alter table public.%I attach partition public.%I for values from (%L) to (maxvalue)', of, fresh, key);
end $$;

-- Moves a month between a table and its archive: it is in one of them at any moment, and nobody reads both around it.
create function move_month(of text, month text, away boolean) returns void language plpgsql as $$
declare
    source text := case when away then 'public' else 'archive' end;
    target text := case when away then 'archive' else 'public' end;
    bounds text;
begin
    execute format('lock table only public.%1$I, only archive.%1$I in access exclusive mode', of);
    select bound into strict bounds from public.months
        where months.of = move_month.of and name = month and is_archived <> away and until_at is not null;
    execute format('alter table %1$I.%2$I detach partition %1$I.%3$I', source, of, month);
    execute format('alter table %I.%I set schema %I', source, month, target);
    execute format('alter table %1$I.%2$I attach partition %1$I.%3$I %4$s', target, of, month, bounds);
end $$;

revoke execute on function limit_month, check_month, unlimit_month, begin_month, move_month from public;
