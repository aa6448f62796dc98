-- Events that a statement writes together are announced together: under load that is one for each log of a batch.
drop trigger events_announced on events;
drop function announce_event();

create function announce_events() returns trigger language plpgsql as $$
begin
    perform pg_notify('certnode_events', org_id || ' ' || mode || ' ' || id || ' ' || type) from written;
    return null;
end $$;
create trigger events_announced after insert on events referencing new table as written
    for each statement execute function announce_events();
