-- The roles: the application and the sequencer act as roles that own nothing and cannot pass row-level security.
do $$
declare role_name text;
begin
    foreach role_name in array array['certnode_app', 'certnode_sequencer'] loop
        begin
            execute format('create role %I nologin nosuperuser nobypassrls', role_name);
        exception when duplicate_object or unique_violation then null;
        end;
        begin
            execute format('grant %I to current_user', role_name);
        exception when others then
            -- Another migration on the same cluster is granting it, or we are a superuser that needs no grant.
            null;
        end;
    end loop;
end $$;

-- The tenant, the person and the key a transaction acts for; null when unset, so that unset sees nothing.
create function current_org() returns uuid language sql stable parallel safe
    return nullif(current_setting('certnode.org_id', true), '')::uuid;
create function current_person() returns uuid language sql stable parallel safe
    return nullif(current_setting('certnode.user_id', true), '')::uuid;
create function presented_key() returns bytea language sql stable parallel safe
    return decode(coalesce(current_setting('certnode.key_hash', true), ''), 'hex');

grant usage on schema public to certnode_app, certnode_sequencer;
