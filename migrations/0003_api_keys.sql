-- API keys: only the hash of the secret is kept; whoever presents a key may see that key's row, and nothing else.
create table api_keys (
    org_id uuid not null references orgs (id),
    id uuid not null,
    mode text not null,
    name text not null,
    secret_hash bytea not null,
    preview text not null,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    used_at timestamptz,
    used_from text,
    uses bigint not null default 0,
    revoked_at timestamptz,
    primary key (org_id, id),
    constraint api_keys_mode_check check (mode in ('live', 'test')),
    constraint api_keys_name_check check (char_length(name) between 1 and 100)
);
create unique index api_keys_secret_hash_key on api_keys (secret_hash);

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy api_keys_own on api_keys to certnode_app
    using (org_id = current_org() or secret_hash = presented_key())
    with check (org_id = current_org());

grant select, insert, update on api_keys to certnode_app;
