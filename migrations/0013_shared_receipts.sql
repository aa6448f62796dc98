-- Receipts that their owner shares with whoever has the link. The link's secret is derived from the master key and the
-- share's id, so it can be shown again; here is only its hash, and whoever presents it may see that one row.
create table shared_receipts (
    org_id uuid not null,
    mode text not null,
    id uuid not null,
    receipt_id uuid not null,
    token_hash bytea not null,
    with_contents boolean not null,
    shared_by uuid references users (id),
    shared_at timestamptz not null,
    withdrawn_at timestamptz,
    primary key (org_id, mode, id),
    foreign key (org_id, mode, receipt_id) references receipts (org_id, mode, id)
);
create unique index shared_receipts_token_hash_key on shared_receipts (token_hash);
-- One link at a time.
create unique index shared_receipts_receipt_id_key on shared_receipts (org_id, mode, receipt_id) where withdrawn_at is null;

create function presented_share() returns bytea language sql stable parallel safe
    return decode(coalesce(current_setting('certnode.share_hash', true), ''), 'hex');

alter table shared_receipts enable row level security;
alter table shared_receipts force row level security;
create policy shared_receipts_own on shared_receipts to certnode_app
    using (org_id = current_org() or token_hash = presented_share())
    with check (org_id = current_org());
grant select, insert, update on shared_receipts to certnode_app;

-- Whose entries a new cosignature of the root log covers.
create index anchors_root_index_idx on anchors (root_index);
