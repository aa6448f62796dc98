-- An import whose job has given up says so and why, and keeps no file: it stood in the way of every erasure for ever.
alter table imports add column failure text;

-- Jobs that are not run again, as enqueue_job names the queue's schema: only when it runs.
create function dead_jobs(identifier text) returns table (job_key text, payload jsonb)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select job.key, job.payload::jsonb
    from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
    where task.identifier = dead_jobs.identifier and job.key is not null and job.attempts >= job.max_attempts
        and job.locked_at is null
    order by job.id limit 100;
end $$;
revoke execute on function dead_jobs from public;
grant execute on function dead_jobs to certnode_sequencer;

-- Takes a dead job out of the queue; whether it was there, and had not been enqueued anew.
create function drop_dead_job(job_key text) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from graphile_worker._private_jobs job
    where job.key = job_key and job.attempts >= job.max_attempts and job.locked_at is null;
    return found;
end $$;
revoke execute on function drop_dead_job from public;
grant execute on function drop_dead_job to certnode_app;
