-- An evidence file can be erased, as contents can: its bytes and the name its sender gave it go, what was signed of it stays.
alter table evidence add column erased_at timestamptz;
alter table evidence add column erased_by text;
grant update (name, created_at, erased_at, erased_by) on evidence to certnode_app;
