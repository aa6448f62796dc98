-- Entries that came back from the files alone have no contents: below this size nobody misses them, above it they were lost.
alter table logs add column restored_size bigint not null default 0;
