-- What becomes of a receipt and what it is made of: others that refer to it, contents that are erased, schemas, evidence.
create table receipt_refs (
    org_id uuid not null,
    mode text not null,
    receipt_id uuid not null,
    target_id uuid not null,
    relation text not null,
    primary key (org_id, mode, receipt_id, target_id),
    foreign key (org_id, mode, receipt_id) references receipts (org_id, mode, id),
    constraint receipt_refs_target_fkey foreign key (org_id, mode, target_id) references receipts (org_id, mode, id),
    constraint receipt_refs_relation_check check (relation in ('relates_to', 'revokes', 'supersedes')),
    constraint receipt_refs_self_check check (receipt_id <> target_id)
);
create index receipt_refs_target_idx on receipt_refs (org_id, mode, target_id);
-- A receipt ends once.
create unique index receipt_refs_ended_key on receipt_refs (org_id, mode, target_id) where relation <> 'relates_to';

-- Whose contents were erased, when, by whom and why. The record in the log is a receipt of its own, made right after.
create table payload_erasures (
    org_id uuid not null,
    mode text not null,
    receipt_id uuid not null,
    erased_at timestamptz not null,
    erased_by text not null,
    reason text not null,
    record_id uuid,
    primary key (org_id, mode, receipt_id),
    foreign key (org_id, mode, receipt_id) references receipts (org_id, mode, id)
);

alter table receipt_refs enable row level security;
alter table receipt_refs force row level security;
create policy receipt_refs_own on receipt_refs to certnode_app using (org_id = current_org());
create policy receipt_refs_sequenced on receipt_refs to certnode_sequencer using (true) with check (true);
alter table payload_erasures enable row level security;
alter table payload_erasures force row level security;
create policy payload_erasures_own on payload_erasures to certnode_app using (org_id = current_org()) with check (org_id = current_org());

grant select on receipt_refs to certnode_app;
grant select, insert on receipt_refs to certnode_sequencer;
grant select, insert on payload_erasures to certnode_app;
grant update (record_id, erased_by, reason) on payload_erasures to certnode_app;
-- What erasing takes away: the contents, and those columns of a receipt that are copies of them to search and sort by.
grant delete on payloads to certnode_app;
grant update (reference, occurred_at, amount_minor, currency) on receipts to certnode_app;

-- A finished import needs its file no more, and a file is a copy of contents that may be erased.
alter table imports no force row level security;
update imports set source = '' where state = 'finished';
alter table imports force row level security;

-- What the payloads of a kind look like. A version is never changed: statements name it.
create table schemas (
    org_id uuid not null references orgs (id),
    mode text not null,
    kind text not null,
    version integer not null,
    document text not null,
    created_at timestamptz not null,
    primary key (org_id, mode, kind, version),
    constraint schemas_mode_check check (mode in ('live', 'test'))
);
alter table schemas enable row level security;
alter table schemas force row level security;
create policy schemas_own on schemas to certnode_app using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on schemas to certnode_app;

-- Files that go with receipts: what is known of each; the bytes are in the object store, under their hash.
create table evidence (
    org_id uuid not null references orgs (id),
    mode text not null,
    sha256 bytea not null,
    blake3 bytea not null,
    bytes bigint not null,
    media text not null,
    name text not null,
    created_at timestamptz not null,
    primary key (org_id, mode, sha256),
    constraint evidence_mode_check check (mode in ('live', 'test'))
);
alter table evidence enable row level security;
alter table evidence force row level security;
create policy evidence_own on evidence to certnode_app using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on evidence to certnode_app;
