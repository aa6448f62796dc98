-- Logs as files: how far each is in the object store, whether everyone may read it, and what checking them over found.
alter table logs add column made_public_at timestamptz;
grant update (made_public_at) on logs to certnode_app;

-- A public log is found by the last part of its origin by whoever names it, and no other log is.
create index logs_public_name_idx on logs (right(origin, 32)) where made_public_at is not null;
create policy logs_public on logs for select to certnode_app
    using (made_public_at is not null and right(origin, 32) = nullif(current_setting('certnode.log_name', true), ''));

create table published_logs (
    org_id uuid not null,
    mode text not null,
    -- Entries whose full tiles and bundles are in the store and were read back: a multiple of 256.
    published_size bigint not null default 0,
    -- The size of the checkpoint in the store, with the tiles and the bundle that are not full.
    edge_size bigint not null default 0,
    edge_at timestamptz,
    tried_at timestamptz not null,
    -- Why it does not go on.
    refusal text,
    -- Where the check that goes round for ever is: entries looked at in this round, and when the last round ended.
    checked_size bigint not null default 0,
    check_started_at timestamptz,
    checked_at timestamptz,
    primary key (org_id, mode),
    foreign key (org_id, mode) references logs (org_id, mode)
);
alter table published_logs enable row level security;
alter table published_logs force row level security;
create policy published_logs_own on published_logs to certnode_app using (org_id = current_org());
create policy published_logs_sequenced on published_logs to certnode_sequencer using (true) with check (true);
grant select on published_logs to certnode_app;
grant select, insert, update on published_logs to certnode_sequencer;

-- What was found wrong, by name; it stays until the same thing is found right again.
create table integrity_findings (
    org_id uuid not null,
    mode text not null,
    subject text not null,
    problem text not null,
    found_at timestamptz not null,
    seen_at timestamptz not null,
    primary key (org_id, mode, subject),
    foreign key (org_id, mode) references logs (org_id, mode)
);
alter table integrity_findings enable row level security;
alter table integrity_findings force row level security;
create policy integrity_findings_own on integrity_findings to certnode_app using (org_id = current_org());
create policy integrity_findings_sequenced on integrity_findings to certnode_sequencer using (true) with check (true);
grant select on integrity_findings to certnode_app;
grant select, insert, update, delete on integrity_findings to certnode_sequencer;

-- Tiles are made from the entries: `certnode rebuild` writes them anew, and removes those that no entry gives.
grant delete on tiles to certnode_sequencer;
