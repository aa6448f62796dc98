-- The root log is a log like the others, of an organisation that nobody is a member of: its entries are the checkpoints of
-- the tenants' logs, so that nobody can be shown another history than everybody else.
alter table orgs no force row level security;
insert into orgs (id, name, created_at) values ('00000000-0000-0000-0000-000000000000', 'Root log', now());
alter table orgs force row level security;

-- Where in the root log a log's state stands.
create table anchors (
    org_id uuid not null,
    mode text not null,
    log_size bigint not null,
    root_index bigint not null,
    anchored_at timestamptz not null,
    primary key (org_id, mode, log_size),
    foreign key (org_id, mode) references logs (org_id, mode)
);
alter table anchors enable row level security;
alter table anchors force row level security;
create policy anchors_own on anchors to certnode_app using (org_id = current_org());
create policy anchors_sequenced on anchors to certnode_sequencer using (true) with check (true);
grant select on anchors to certnode_app;
grant select, insert on anchors to certnode_sequencer;

-- What witnesses signed of the root log. As public as the root log itself.
create table root_cosignatures (
    root_size bigint not null,
    witness text not null,
    line text not null,
    cosigned_at timestamptz not null,
    primary key (root_size, witness)
);
grant select on root_cosignatures to certnode_app;
grant select, insert on root_cosignatures to certnode_sequencer;
