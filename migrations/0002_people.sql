-- People, organisations, memberships, sessions and the brake on guessing passwords.
create table users (
    id uuid primary key,
    email text not null,
    name text not null,
    password_hash text not null,
    created_at timestamptz not null
);
create unique index users_email_key on users (lower(email));

create table orgs (
    id uuid primary key,
    name text not null,
    created_at timestamptz not null
);

create table memberships (
    org_id uuid not null references orgs (id),
    user_id uuid not null references users (id),
    role text not null,
    created_at timestamptz not null,
    primary key (org_id, user_id),
    constraint memberships_role_check check (role in ('owner', 'admin', 'developer', 'finance', 'technical', 'billing', 'viewer'))
);
create index memberships_user_id_idx on memberships (user_id);

-- The cookie holds the token; only its hash is here.
create table sessions (
    token_hash bytea primary key,
    id uuid not null unique,
    user_id uuid not null references users (id),
    org_id uuid not null references orgs (id),
    mode text not null,
    address text not null,
    agent text not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    constraint sessions_mode_check check (mode in ('live', 'test'))
);
create index sessions_user_id_idx on sessions (user_id);
create index sessions_expires_at_idx on sessions (expires_at);

-- One row an account and one an address, by the hash of either.
create table sign_in_failures (
    subject bytea primary key,
    failures integer not null,
    failed_at timestamptz not null
);
create index sign_in_failures_failed_at_idx on sign_in_failures (failed_at);

alter table orgs enable row level security;
alter table orgs force row level security;
create policy orgs_own on orgs to certnode_app
    using (id = current_org() or exists (select from memberships m where m.org_id = orgs.id and m.user_id = current_person()))
    with check (id = current_org());

alter table memberships enable row level security;
alter table memberships force row level security;
create policy memberships_own on memberships to certnode_app
    using (org_id = current_org() or user_id = current_person())
    with check (org_id = current_org());

grant select, insert, update on users to certnode_app;
grant select, insert, update on orgs to certnode_app;
grant select, insert, update, delete on memberships, sessions, sign_in_failures to certnode_app;
