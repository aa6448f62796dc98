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

-- Ends a statement that did not find what it is only right with. CN001: the writer is no longer the owner. CN002: the log moved.
create function refuse_append(code text) returns boolean language plpgsql as $$
begin
    raise exception 'nothing is appended' using errcode = code;
end $$;
