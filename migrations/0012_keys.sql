-- A log's signing keys in versions: each signs for a range of sizes, and its private half is sealed by the master key.
create table log_keys (
    org_id uuid not null,
    mode text not null,
    purpose text not null,
    version integer not null,
    vkey text not null,
    -- The first size it signs: an entry's index for issuing, the tree's size for checkpoints; and the first it no longer does.
    from_size bigint not null,
    until_size bigint,
    added_at timestamptz not null,
    -- While a key of checkpoints is being replaced, both sign; this is when the old one stops.
    retires_at timestamptz,
    retired_at timestamptz,
    -- What it signed from this size on is not to be believed.
    revoked_from bigint,
    revoked_at timestamptz,
    -- Null for a key that is still derived from the master key, as all were before there were versions.
    sealed bytea,
    sealed_by text,
    primary key (org_id, mode, purpose, version),
    foreign key (org_id, mode) references logs (org_id, mode),
    constraint log_keys_purpose_check check (purpose in ('checkpoint', 'issuing')),
    constraint log_keys_sealed_check check ((sealed is null) = (sealed_by is null)),
    constraint log_keys_revoked_check check ((revoked_from is null) = (revoked_at is null))
);
create index log_keys_retires_at_idx on log_keys (retires_at) where retired_at is null and retires_at is not null;
create index log_keys_sealed_by_idx on log_keys (sealed_by);

alter table log_keys enable row level security;
alter table log_keys force row level security;
create policy log_keys_own on log_keys to certnode_app using (org_id = current_org()) with check (org_id = current_org());
create policy log_keys_sequenced on log_keys to certnode_sequencer using (true) with check (true);
grant select, insert on log_keys to certnode_app;
grant select, insert, update on log_keys to certnode_sequencer;

alter table logs no force row level security;
insert into log_keys (org_id, mode, purpose, version, vkey, from_size, added_at)
select org_id, mode, purpose, 1, vkey, 0, created_at
from logs, lateral (values ('checkpoint', log_vkey), ('issuing', issuing_vkey)) as key (purpose, vkey);

-- Grows with every change of a log's keys. A head moves only under the keys that it was signed with.
alter table logs add column key_epoch bigint not null default 1;
alter table logs force row level security;

-- What happened to keys, on its way into the root log: a note signed by the key that was there before.
create table key_events (
    id bigint generated always as identity primary key,
    org_id uuid not null,
    mode text not null,
    note text not null,
    created_at timestamptz not null,
    root_index bigint,
    foreign key (org_id, mode) references logs (org_id, mode)
);
create index key_events_pending_idx on key_events (id) where root_index is null;
create index key_events_log_idx on key_events (org_id, mode, id);

alter table key_events enable row level security;
alter table key_events force row level security;
create policy key_events_own on key_events to certnode_app using (org_id = current_org());
create policy key_events_sequenced on key_events to certnode_sequencer using (true) with check (true);
grant select on key_events to certnode_app;
grant select, insert, update on key_events to certnode_sequencer;

-- The checkpoint as it was signed when it was anchored, word for word; null for those from before.
alter table anchors add column checkpoint text;
