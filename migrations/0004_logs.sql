-- The logs: one per tenant and mode. Nobody but the owner of the schema may change or delete an entry.
create table logs (
    org_id uuid not null references orgs (id),
    mode text not null,
    origin text not null,
    log_vkey text not null,
    issuing_vkey text not null,
    size bigint not null,
    frontier bytea not null,
    root bytea not null,
    checkpoint text not null,
    created_at timestamptz not null,
    primary key (org_id, mode),
    constraint logs_mode_check check (mode in ('live', 'test'))
);
create unique index logs_origin_key on logs (origin);

-- An entry of a log is a receipt; index 0 is the log's own first statement.
create table receipts (
    org_id uuid not null,
    mode text not null,
    id uuid not null,
    log_index bigint not null,
    -- The size of the tree whose checkpoint was given with the receipt: the answer can be made again, byte for byte.
    tree_size bigint not null,
    kind text not null,
    reference text,
    occurred_at timestamptz not null,
    issued_at timestamptz not null,
    amount_minor bigint,
    currency text,
    idempotency bytea,
    leaf_hash bytea not null,
    statement bytea not null,
    primary key (org_id, mode, id),
    foreign key (org_id, mode) references logs (org_id, mode),
    constraint receipts_amount_check check ((amount_minor is null) = (currency is null))
);
create unique index receipts_log_index_key on receipts (org_id, mode, log_index);
create unique index receipts_idempotency_key on receipts (org_id, mode, idempotency) where idempotency is not null;
create index receipts_occurred_at_idx on receipts (org_id, mode, occurred_at, id);
create index receipts_kind_idx on receipts (org_id, mode, kind, id);
create index receipts_amount_idx on receipts (org_id, mode, currency, amount_minor, id) where amount_minor is not null;
create index receipts_reference_idx on receipts (org_id, mode, reference) where reference is not null;

-- What a receipt is about, beside the log and not in it, so that it can be erased and the log stays whole.
create table payloads (
    org_id uuid not null,
    mode text not null,
    receipt_id uuid not null,
    payload bytea not null,
    salt bytea not null,
    primary key (org_id, mode, receipt_id)
);

-- Tiles of 256 hashes (C2SP tlog-tiles) from level 1 up, as they grow; level 0 is the receipts' own leaf hashes.
create table tiles (
    org_id uuid not null,
    mode text not null,
    level smallint not null,
    tile_index bigint not null,
    hashes bytea not null,
    primary key (org_id, mode, level, tile_index)
);

alter table logs enable row level security;
alter table logs force row level security;
create policy logs_own on logs to certnode_app using (org_id = current_org()) with check (org_id = current_org());
create policy logs_sequenced on logs to certnode_sequencer using (true) with check (true);
alter table receipts enable row level security;
alter table receipts force row level security;
create policy receipts_own on receipts to certnode_app using (org_id = current_org());
create policy receipts_sequenced on receipts to certnode_sequencer using (true) with check (true);
alter table payloads enable row level security;
alter table payloads force row level security;
create policy payloads_own on payloads to certnode_app using (org_id = current_org());
create policy payloads_sequenced on payloads to certnode_sequencer using (true) with check (true);
alter table tiles enable row level security;
alter table tiles force row level security;
create policy tiles_own on tiles to certnode_app using (org_id = current_org());
create policy tiles_sequenced on tiles to certnode_sequencer using (true) with check (true);

grant select, insert on logs to certnode_app;
grant select on receipts, payloads, tiles to certnode_app;
grant select, update on logs to certnode_sequencer;
grant select, insert on receipts, payloads to certnode_sequencer;
grant select, insert, update on tiles to certnode_sequencer;
