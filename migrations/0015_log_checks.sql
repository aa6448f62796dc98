-- Checks of a log that were asked for: one at a time, how far it is, and what the last whole one came to.
create table log_checks (
    org_id uuid not null,
    mode text not null,
    id uuid not null,
    asked_by uuid,
    asked_at timestamptz not null,
    began_at timestamptz,
    -- Whoever runs it moves this on. One that is not over by then ended with its server, and another may be asked for.
    alive_until timestamptz not null,
    ended_at timestamptz,
    failed_at timestamptz,
    entries_done bigint not null default 0,
    entries_total bigint not null default 0,
    -- It stays while the next one is under way.
    outcome jsonb,
    primary key (org_id, mode),
    foreign key (org_id, mode) references logs (org_id, mode)
);
alter table log_checks enable row level security;
alter table log_checks force row level security;
create policy log_checks_own on log_checks to certnode_app using (org_id = current_org()) with check (org_id = current_org());
grant select, insert, update on log_checks to certnode_app;
