-- Who sequences which tenants. A shard has one owner; each change of owner raises the epoch, and a commit under an older
-- epoch is refused, so that a node that slept does not write over the one that took its place.
create table shard_leases (
    shard smallint primary key,
    -- The advisory lock the owner's session holds: when it is free, the owner is gone.
    owner integer,
    epoch bigint not null default 0,
    expires_at timestamptz not null default '-infinity'
);
insert into shard_leases (shard) select generate_series(0, 15);

-- Signed statements on their way from the node that took them to the one that owns their shard. What is lost with the
-- database's memory was acknowledged to nobody.
create unlogged table inbox (
    id bigint generated always as identity primary key,
    shard smallint not null,
    receipt_id uuid not null,
    entry bytea not null,
    -- Why the owner does not place it: a problem, for the caller.
    refusal jsonb
);

grant select, update on shard_leases to certnode_sequencer;
grant select, insert, update, delete on inbox to certnode_sequencer;
