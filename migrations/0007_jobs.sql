-- How the application enqueues a job in the transaction of the change it follows, without rights on the queue's own tables.
-- The queue's schema is made by the queue itself, so the function names it only when it runs.
create function enqueue_job(identifier text, payload jsonb, job_key text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform graphile_worker.add_job(identifier => identifier, payload => payload::json, max_attempts => 12::smallint, job_key => job_key);
end $$;
revoke execute on function enqueue_job from public;
grant execute on function enqueue_job to certnode_app;
