-- Which of a log's epochs of keys its files in the object store are of: after a change of keys they are written anew.
alter table published_logs add column key_epoch bigint not null default 0;
