-- The outbox: an event row per change, written in the change's own transaction.
create table events (
    org_id uuid not null references orgs (id),
    id bigint generated always as identity,
    mode text not null,
    type text not null,
    data jsonb not null,
    created_at timestamptz not null,
    primary key (org_id, id)
);

alter table events enable row level security;
alter table events force row level security;
create policy events_own on events to certnode_app using (org_id = current_org()) with check (org_id = current_org());
create policy events_sequenced on events to certnode_sequencer using (true) with check (true);

grant select, insert on events to certnode_app;
grant insert on events to certnode_sequencer;

-- Wakes the listeners when the transaction commits: who, what kind; never the content.
create function announce_event() returns trigger language plpgsql as $$
begin
    perform pg_notify('certnode_events', new.org_id || ' ' || new.mode || ' ' || new.id || ' ' || new.type);
    return null;
end $$;
create trigger events_announced after insert on events for each row execute function announce_event();
