-- When each node was last heard of: the session of one that is gone without a word is there until its connection runs into a
-- time limit of the network, and would count for a share of the work until then.
create unlogged table nodes (
    key integer primary key,
    seen_at timestamptz not null
);
grant select, insert, update, delete on nodes to certnode_sequencer;
