-- Imports: a file of business events on its way to becoming receipts.
create table imports (
    org_id uuid not null references orgs (id),
    id uuid not null,
    mode text not null,
    name text not null,
    content_hash bytea not null,
    mapping jsonb not null,
    source bytea not null,
    state text not null,
    rows_total bigint not null,
    rows_done bigint not null default 0,
    rows_refused bigint not null default 0,
    created_by uuid,
    created_at timestamptz not null,
    finished_at timestamptz,
    primary key (org_id, id),
    constraint imports_mode_check check (mode in ('live', 'test')),
    constraint imports_state_check check (state in ('queued', 'running', 'finished', 'failed'))
);
create unique index imports_content_hash_key on imports (org_id, mode, content_hash);

-- Rows that did not become receipts, by their line in the file.
create table import_refusals (
    org_id uuid not null,
    import_id uuid not null,
    line bigint not null,
    reason text not null,
    primary key (org_id, import_id, line),
    foreign key (org_id, import_id) references imports (org_id, id)
);

alter table imports enable row level security;
alter table imports force row level security;
create policy imports_own on imports to certnode_app using (org_id = current_org()) with check (org_id = current_org());
alter table import_refusals enable row level security;
alter table import_refusals force row level security;
create policy import_refusals_own on import_refusals to certnode_app using (org_id = current_org()) with check (org_id = current_org());

grant select, insert, update on imports to certnode_app;
grant select, insert on import_refusals to certnode_app;
