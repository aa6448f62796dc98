--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: archive; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA archive;


--
-- Name: announce_events(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.announce_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('certnode_events', org_id || ' ' || mode || ' ' || id || ' ' || type) from written;
    return null;
end $$;


--
-- Name: begin_month(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.begin_month(of text, next timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    fresh text := of || to_char(next at time zone 'UTC', '_YYYY_MM');
    key text := public.month_key(of, next);
    newest record;
begin
    execute format('create table public.%I (like public.%I including all)', fresh, of);
    execute format('alter table public.%1$I add constraint %1$s_from check (%2$I >= %3$L)', fresh,
        case of when 'payloads' then 'receipt_id' else 'created_at' end, key);
    execute format('alter table public.%I enable row level security', fresh);
    execute format('alter table public.%I force row level security', fresh);
    execute format('lock table only public.%I in access exclusive mode', of);
    select name, bound into strict newest from public.months
        where months.of = begin_month.of and not is_archived and until_at is null;
    execute format('alter table public.%I detach partition public.%I', of, newest.name);
    execute format('alter table public.%I attach partition public.%I %s', of, newest.name,
        replace(newest.bound, 'TO (MAXVALUE)', format('TO (%L)', key)));
    execute format('alter table public.%I attach partition public.%I for values from (%L) to (maxvalue)', of, fresh, key);
end $_$;


--
-- Name: check_month(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.check_month(of text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = check_month.of and not is_archived and until_at is null;
    execute format('alter table public.%1$I validate constraint %1$s_until', newest);
end $_$;


--
-- Name: current_org(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.current_org() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('certnode.org_id'::text, true), ''::text))::uuid;


--
-- Name: current_person(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.current_person() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('certnode.user_id'::text, true), ''::text))::uuid;


--
-- Name: dead_jobs(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.dead_jobs(identifier text) RETURNS TABLE(job_key text, payload jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query select job.key, job.payload::jsonb
    from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
    where task.identifier = dead_jobs.identifier and job.key is not null and job.attempts >= job.max_attempts
        and job.locked_at is null
    order by job.id limit 100;
end $$;


--
-- Name: drop_dead_job(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.drop_dead_job(job_key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    delete from graphile_worker._private_jobs job
    where job.key = job_key and job.attempts >= job.max_attempts and job.locked_at is null;
    return found;
end $$;


--
-- Name: enqueue_job(text, jsonb, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.enqueue_job(identifier text, payload jsonb, job_key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform graphile_worker.add_job(identifier => identifier, payload => payload::json, max_attempts => 12::smallint, job_key => job_key);
end $$;


--
-- Name: key_month(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.key_month(of text, key text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN CASE of WHEN 'payloads'::text THEN to_timestamp((((((('x0000'::text || "left"(replace(key, '-'::text, ''::text), 12)))::bit(64))::bigint)::numeric / 1000.0))::double precision) ELSE (key)::timestamp with time zone END;


--
-- Name: limit_month(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.limit_month(of text, next timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = limit_month.of and not is_archived and until_at is null;
    perform public.unlimit_month(of);
    execute format('alter table public.%1$I add constraint %1$s_until check (%2$I < %3$L) not valid', newest,
        case of when 'payloads' then 'receipt_id' else 'created_at' end, public.month_key(of, next));
end $_$;


--
-- Name: month_key(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_key(of text, month timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    RETURN CASE of WHEN 'payloads'::text THEN ((rpad(lpad(to_hex(((EXTRACT(epoch FROM month) * (1000)::numeric))::bigint), 12, '0'::text), 32, '0'::text))::uuid)::text ELSE (month)::text END;


--
-- Name: move_month(text, text, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.move_month(of text, month text, away boolean) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    source text := case when away then 'public' else 'archive' end;
    target text := case when away then 'archive' else 'public' end;
    bounds text;
begin
    execute format('lock table only public.%1$I, only archive.%1$I in access exclusive mode', of);
    select bound into strict bounds from public.months
        where months.of = move_month.of and name = month and is_archived <> away and until_at is not null;
    execute format('alter table %1$I.%2$I detach partition %1$I.%3$I', source, of, month);
    execute format('alter table %I.%I set schema %I', source, month, target);
    execute format('alter table %1$I.%2$I attach partition %1$I.%3$I %4$s', target, of, month, bounds);
end $_$;


--
-- Name: presented_key(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.presented_key() RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(COALESCE(current_setting('certnode.key_hash'::text, true), ''::text), 'hex'::text);


--
-- Name: presented_share(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.presented_share() RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(COALESCE(current_setting('certnode.share_hash'::text, true), ''::text), 'hex'::text);


--
-- Name: refuse_append(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_append(code text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'nothing is appended' using errcode = code;
end $$;


--
-- Name: unlimit_month(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.unlimit_month(of text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    newest text;
begin
    select name into strict newest from public.months where months.of = unlimit_month.of and not is_archived and until_at is null;
    if exists (select from pg_constraint where conrelid = format('public.%I', newest)::regclass and conname = newest || '_until') then
        execute format('alter table public.%1$I drop constraint %1$s_until', newest);
    end if;
end $_$;


SET default_tablespace = '';

--
-- Name: events; Type: TABLE; Schema: archive; Owner: -
--

CREATE TABLE archive.events (
    org_id uuid NOT NULL,
    id bigint NOT NULL,
    mode text NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY archive.events FORCE ROW LEVEL SECURITY;


--
-- Name: payloads; Type: TABLE; Schema: archive; Owner: -
--

CREATE TABLE archive.payloads (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    receipt_id uuid NOT NULL,
    payload bytea NOT NULL,
    salt bytea NOT NULL
)
PARTITION BY RANGE (receipt_id);

ALTER TABLE ONLY archive.payloads FORCE ROW LEVEL SECURITY;


SET default_table_access_method = heap;

--
-- Name: anchors; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.anchors (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    log_size bigint NOT NULL,
    root_index bigint NOT NULL,
    anchored_at timestamp with time zone NOT NULL,
    checkpoint text
);

ALTER TABLE ONLY public.anchors FORCE ROW LEVEL SECURITY;


--
-- Name: api_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_keys (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    mode text NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    preview text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    used_from text,
    uses bigint DEFAULT 0 NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
    CONSTRAINT api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    org_id uuid NOT NULL,
    id bigint NOT NULL,
    mode text NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;


--
-- Name: event_ids; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.event_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: event_ids; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.event_ids OWNED BY public.events.id;


--
-- Name: events_begin; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events_begin (
    org_id uuid NOT NULL,
    id bigint DEFAULT NULL NOT NULL,
    mode text NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.events_begin FORCE ROW LEVEL SECURITY;


--
-- Name: evidence; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.evidence (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    sha256 bytea NOT NULL,
    blake3 bytea NOT NULL,
    bytes bigint NOT NULL,
    media text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    erased_by text,
    CONSTRAINT evidence_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text])))
);

ALTER TABLE ONLY public.evidence FORCE ROW LEVEL SECURITY;


--
-- Name: import_refusals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_refusals (
    org_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line bigint NOT NULL,
    reason text NOT NULL
);

ALTER TABLE ONLY public.import_refusals FORCE ROW LEVEL SECURITY;


--
-- Name: imports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.imports (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    mode text NOT NULL,
    name text NOT NULL,
    content_hash bytea NOT NULL,
    mapping jsonb NOT NULL,
    source bytea NOT NULL,
    state text NOT NULL,
    rows_total bigint NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_refused bigint DEFAULT 0 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    failure text,
    CONSTRAINT imports_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
    CONSTRAINT imports_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'finished'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.imports FORCE ROW LEVEL SECURITY;


--
-- Name: inbox; Type: TABLE; Schema: public; Owner: -
--

CREATE UNLOGGED TABLE public.inbox (
    id bigint NOT NULL,
    shard smallint NOT NULL,
    receipt_id uuid NOT NULL,
    entry bytea NOT NULL,
    refusal jsonb,
    log text
);


--
-- Name: inbox_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.inbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: integrity_findings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.integrity_findings (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    subject text NOT NULL,
    problem text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.integrity_findings FORCE ROW LEVEL SECURITY;


--
-- Name: key_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.key_events (
    id bigint NOT NULL,
    org_id uuid NOT NULL,
    mode text NOT NULL,
    note text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    root_index bigint
);

ALTER TABLE ONLY public.key_events FORCE ROW LEVEL SECURITY;


--
-- Name: key_events_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.key_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.key_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: log_checks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_checks (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    id uuid NOT NULL,
    asked_by uuid,
    asked_at timestamp with time zone NOT NULL,
    began_at timestamp with time zone,
    alive_until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    failed_at timestamp with time zone,
    entries_done bigint DEFAULT 0 NOT NULL,
    entries_total bigint DEFAULT 0 NOT NULL,
    outcome jsonb
);

ALTER TABLE ONLY public.log_checks FORCE ROW LEVEL SECURITY;


--
-- Name: log_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_keys (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    purpose text NOT NULL,
    version integer NOT NULL,
    vkey text NOT NULL,
    from_size bigint NOT NULL,
    until_size bigint,
    added_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone,
    retired_at timestamp with time zone,
    revoked_from bigint,
    revoked_at timestamp with time zone,
    sealed bytea,
    sealed_by text,
    CONSTRAINT log_keys_purpose_check CHECK ((purpose = ANY (ARRAY['checkpoint'::text, 'issuing'::text]))),
    CONSTRAINT log_keys_revoked_check CHECK (((revoked_from IS NULL) = (revoked_at IS NULL))),
    CONSTRAINT log_keys_sealed_check CHECK (((sealed IS NULL) = (sealed_by IS NULL)))
);

ALTER TABLE ONLY public.log_keys FORCE ROW LEVEL SECURITY;


--
-- Name: logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logs (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    origin text NOT NULL,
    log_vkey text NOT NULL,
    issuing_vkey text NOT NULL,
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    root bytea NOT NULL,
    checkpoint text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    made_public_at timestamp with time zone,
    key_epoch bigint DEFAULT 1 NOT NULL,
    restored_size bigint DEFAULT 0 NOT NULL,
    CONSTRAINT logs_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text])))
);

ALTER TABLE ONLY public.logs FORCE ROW LEVEL SECURITY;


--
-- Name: memberships; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memberships (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'developer'::text, 'finance'::text, 'technical'::text, 'billing'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;


--
-- Name: months; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.months AS
 SELECT (parent.relname)::text AS of,
    (schema.nspname = 'archive'::name) AS is_archived,
    (month.relname)::text AS name,
    bound.text AS bound,
    public.key_month((parent.relname)::text, "substring"(bound.text, 'FROM \(''([^'']+)''\)'::text)) AS from_at,
    public.key_month((parent.relname)::text, "substring"(bound.text, 'TO \(''([^'']+)''\)'::text)) AS until_at,
    pg_total_relation_size((month.oid)::regclass) AS bytes,
    (space.spcname)::text AS tablespace
   FROM ((((pg_inherits tie
     JOIN pg_class parent ON ((parent.oid = tie.inhparent)))
     JOIN pg_namespace schema ON (((schema.oid = parent.relnamespace) AND (schema.nspname = ANY (ARRAY['public'::name, 'archive'::name])))))
     JOIN pg_class month ON ((month.oid = tie.inhrelid)))
     LEFT JOIN pg_tablespace space ON ((space.oid = month.reltablespace))),
    LATERAL pg_get_expr(month.relpartbound, month.oid) bound(text)
  WHERE ((parent.relkind = 'p'::"char") AND (parent.relname = ANY (ARRAY['payloads'::name, 'events'::name])));


--
-- Name: nodes; Type: TABLE; Schema: public; Owner: -
--

CREATE UNLOGGED TABLE public.nodes (
    key integer NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: orgs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.orgs (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.orgs FORCE ROW LEVEL SECURITY;


--
-- Name: payload_erasures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payload_erasures (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    receipt_id uuid NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    erased_by text NOT NULL,
    reason text NOT NULL,
    record_id uuid
);

ALTER TABLE ONLY public.payload_erasures FORCE ROW LEVEL SECURITY;


--
-- Name: payloads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payloads (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    receipt_id uuid NOT NULL,
    payload bytea NOT NULL,
    salt bytea NOT NULL
)
PARTITION BY RANGE (receipt_id);

ALTER TABLE ONLY public.payloads FORCE ROW LEVEL SECURITY;


--
-- Name: payloads_begin; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payloads_begin (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    receipt_id uuid NOT NULL,
    payload bytea NOT NULL,
    salt bytea NOT NULL
);

ALTER TABLE ONLY public.payloads_begin FORCE ROW LEVEL SECURITY;


--
-- Name: published_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.published_logs (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    published_size bigint DEFAULT 0 NOT NULL,
    edge_size bigint DEFAULT 0 NOT NULL,
    edge_at timestamp with time zone,
    tried_at timestamp with time zone NOT NULL,
    refusal text,
    checked_size bigint DEFAULT 0 NOT NULL,
    check_started_at timestamp with time zone,
    checked_at timestamp with time zone,
    key_epoch bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.published_logs FORCE ROW LEVEL SECURITY;


--
-- Name: receipt_refs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.receipt_refs (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    receipt_id uuid NOT NULL,
    target_id uuid NOT NULL,
    relation text NOT NULL,
    CONSTRAINT receipt_refs_relation_check CHECK ((relation = ANY (ARRAY['relates_to'::text, 'revokes'::text, 'supersedes'::text]))),
    CONSTRAINT receipt_refs_self_check CHECK ((receipt_id <> target_id))
);

ALTER TABLE ONLY public.receipt_refs FORCE ROW LEVEL SECURITY;


--
-- Name: receipts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.receipts (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    id uuid NOT NULL,
    log_index bigint NOT NULL,
    tree_size bigint NOT NULL,
    kind text NOT NULL,
    reference text,
    occurred_at timestamp with time zone NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    amount_minor bigint,
    currency text,
    idempotency bytea,
    leaf_hash bytea NOT NULL,
    statement bytea NOT NULL,
    CONSTRAINT receipts_amount_check CHECK (((amount_minor IS NULL) = (currency IS NULL)))
);

ALTER TABLE ONLY public.receipts FORCE ROW LEVEL SECURITY;


--
-- Name: root_cosignatures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.root_cosignatures (
    root_size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    cosigned_at timestamp with time zone NOT NULL
);


--
-- Name: schemas; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schemas (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    document text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT schemas_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text])))
);

ALTER TABLE ONLY public.schemas FORCE ROW LEVEL SECURITY;


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    org_id uuid NOT NULL,
    mode text NOT NULL,
    address text NOT NULL,
    agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text])))
);


--
-- Name: shard_leases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shard_leases (
    shard smallint NOT NULL,
    owner integer,
    epoch bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);


--
-- Name: shared_receipts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shared_receipts (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    id uuid NOT NULL,
    receipt_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    with_contents boolean NOT NULL,
    shared_by uuid,
    shared_at timestamp with time zone NOT NULL,
    withdrawn_at timestamp with time zone
);

ALTER TABLE ONLY public.shared_receipts FORCE ROW LEVEL SECURITY;


--
-- Name: sign_in_failures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in_failures (
    subject bytea NOT NULL,
    failures integer NOT NULL,
    failed_at timestamp with time zone NOT NULL
);


--
-- Name: tiles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tiles (
    org_id uuid NOT NULL,
    mode text NOT NULL,
    level smallint NOT NULL,
    tile_index bigint NOT NULL,
    hashes bytea NOT NULL
);

ALTER TABLE ONLY public.tiles FORCE ROW LEVEL SECURITY;


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: events_begin; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_begin FOR VALUES FROM (MINVALUE) TO (MAXVALUE);


--
-- Name: payloads_begin; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payloads ATTACH PARTITION public.payloads_begin FOR VALUES FROM (MINVALUE) TO (MAXVALUE);


--
-- Name: events id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.event_ids'::regclass);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: archive; Owner: -
--

ALTER TABLE ONLY archive.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (org_id, id, created_at);


--
-- Name: payloads payloads_pkey; Type: CONSTRAINT; Schema: archive; Owner: -
--

ALTER TABLE ONLY archive.payloads
    ADD CONSTRAINT payloads_pkey PRIMARY KEY (org_id, mode, receipt_id);


--
-- Name: anchors anchors_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.anchors
    ADD CONSTRAINT anchors_pkey PRIMARY KEY (org_id, mode, log_size);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (org_id, id, created_at);


--
-- Name: events_begin events_begin_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events_begin
    ADD CONSTRAINT events_begin_pkey PRIMARY KEY (org_id, id, created_at);


--
-- Name: evidence evidence_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (org_id, mode, sha256);


--
-- Name: import_refusals import_refusals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_refusals
    ADD CONSTRAINT import_refusals_pkey PRIMARY KEY (org_id, import_id, line);


--
-- Name: imports imports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (org_id, id);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (id);


--
-- Name: integrity_findings integrity_findings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.integrity_findings
    ADD CONSTRAINT integrity_findings_pkey PRIMARY KEY (org_id, mode, subject);


--
-- Name: key_events key_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.key_events
    ADD CONSTRAINT key_events_pkey PRIMARY KEY (id);


--
-- Name: log_checks log_checks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_checks
    ADD CONSTRAINT log_checks_pkey PRIMARY KEY (org_id, mode);


--
-- Name: log_keys log_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_keys
    ADD CONSTRAINT log_keys_pkey PRIMARY KEY (org_id, mode, purpose, version);


--
-- Name: logs logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (org_id, mode);


--
-- Name: memberships memberships_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (org_id, user_id);


--
-- Name: nodes nodes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.nodes
    ADD CONSTRAINT nodes_pkey PRIMARY KEY (key);


--
-- Name: orgs orgs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);


--
-- Name: payload_erasures payload_erasures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payload_erasures
    ADD CONSTRAINT payload_erasures_pkey PRIMARY KEY (org_id, mode, receipt_id);


--
-- Name: payloads payloads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payloads
    ADD CONSTRAINT payloads_pkey PRIMARY KEY (org_id, mode, receipt_id);


--
-- Name: payloads_begin payloads_begin_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payloads_begin
    ADD CONSTRAINT payloads_begin_pkey PRIMARY KEY (org_id, mode, receipt_id);


--
-- Name: published_logs published_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.published_logs
    ADD CONSTRAINT published_logs_pkey PRIMARY KEY (org_id, mode);


--
-- Name: receipt_refs receipt_refs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.receipt_refs
    ADD CONSTRAINT receipt_refs_pkey PRIMARY KEY (org_id, mode, receipt_id, target_id);


--
-- Name: receipts receipts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_pkey PRIMARY KEY (org_id, mode, id);


--
-- Name: root_cosignatures root_cosignatures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.root_cosignatures
    ADD CONSTRAINT root_cosignatures_pkey PRIMARY KEY (root_size, witness);


--
-- Name: schemas schemas_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schemas
    ADD CONSTRAINT schemas_pkey PRIMARY KEY (org_id, mode, kind, version);


--
-- Name: sessions sessions_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);


--
-- Name: shard_leases shard_leases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shard_leases
    ADD CONSTRAINT shard_leases_pkey PRIMARY KEY (shard);


--
-- Name: shared_receipts shared_receipts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shared_receipts
    ADD CONSTRAINT shared_receipts_pkey PRIMARY KEY (org_id, mode, id);


--
-- Name: sign_in_failures sign_in_failures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (subject);


--
-- Name: tiles tiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tiles
    ADD CONSTRAINT tiles_pkey PRIMARY KEY (org_id, mode, level, tile_index);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: anchors_root_index_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX anchors_root_index_idx ON public.anchors USING btree (root_index);


--
-- Name: api_keys_secret_hash_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX api_keys_secret_hash_key ON public.api_keys USING btree (secret_hash);


--
-- Name: imports_content_hash_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX imports_content_hash_key ON public.imports USING btree (org_id, mode, content_hash);


--
-- Name: key_events_log_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX key_events_log_idx ON public.key_events USING btree (org_id, mode, id);


--
-- Name: key_events_pending_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX key_events_pending_idx ON public.key_events USING btree (id) WHERE (root_index IS NULL);


--
-- Name: log_keys_retires_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_keys_retires_at_idx ON public.log_keys USING btree (retires_at) WHERE ((retired_at IS NULL) AND (retires_at IS NOT NULL));


--
-- Name: log_keys_sealed_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_keys_sealed_by_idx ON public.log_keys USING btree (sealed_by);


--
-- Name: logs_origin_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX logs_origin_key ON public.logs USING btree (origin);


--
-- Name: logs_public_name_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX logs_public_name_idx ON public.logs USING btree ("right"(origin, 32)) WHERE (made_public_at IS NOT NULL);


--
-- Name: memberships_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX memberships_user_id_idx ON public.memberships USING btree (user_id);


--
-- Name: receipt_refs_ended_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX receipt_refs_ended_key ON public.receipt_refs USING btree (org_id, mode, target_id) WHERE (relation <> 'relates_to'::text);


--
-- Name: receipt_refs_target_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX receipt_refs_target_idx ON public.receipt_refs USING btree (org_id, mode, target_id);


--
-- Name: receipts_amount_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX receipts_amount_idx ON public.receipts USING btree (org_id, mode, currency, amount_minor, id) WHERE (amount_minor IS NOT NULL);


--
-- Name: receipts_idempotency_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX receipts_idempotency_key ON public.receipts USING btree (org_id, mode, idempotency) WHERE (idempotency IS NOT NULL);


--
-- Name: receipts_kind_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX receipts_kind_idx ON public.receipts USING btree (org_id, mode, kind, id);


--
-- Name: receipts_log_index_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX receipts_log_index_key ON public.receipts USING btree (org_id, mode, log_index);


--
-- Name: receipts_occurred_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX receipts_occurred_at_idx ON public.receipts USING btree (org_id, mode, occurred_at, id);


--
-- Name: receipts_reference_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX receipts_reference_idx ON public.receipts USING btree (org_id, mode, reference) WHERE (reference IS NOT NULL);


--
-- Name: root_cosignatures_witness_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX root_cosignatures_witness_idx ON public.root_cosignatures USING btree (witness, root_size);


--
-- Name: sessions_expires_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);


--
-- Name: sessions_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);


--
-- Name: shared_receipts_receipt_id_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX shared_receipts_receipt_id_key ON public.shared_receipts USING btree (org_id, mode, receipt_id) WHERE (withdrawn_at IS NULL);


--
-- Name: shared_receipts_token_hash_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX shared_receipts_token_hash_key ON public.shared_receipts USING btree (token_hash);


--
-- Name: sign_in_failures_failed_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_failures_failed_at_idx ON public.sign_in_failures USING btree (failed_at);


--
-- Name: users_email_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));


--
-- Name: events_begin_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_begin_pkey;


--
-- Name: payloads_begin_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.payloads_pkey ATTACH PARTITION public.payloads_begin_pkey;


--
-- Name: events events_announced; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_announced AFTER INSERT ON public.events REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION public.announce_events();


--
-- Name: anchors anchors_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.anchors
    ADD CONSTRAINT anchors_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: api_keys api_keys_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);


--
-- Name: api_keys api_keys_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: events events_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.events
    ADD CONSTRAINT events_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: evidence evidence_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: import_refusals import_refusals_org_id_import_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_refusals
    ADD CONSTRAINT import_refusals_org_id_import_id_fkey FOREIGN KEY (org_id, import_id) REFERENCES public.imports(org_id, id);


--
-- Name: imports imports_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: integrity_findings integrity_findings_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.integrity_findings
    ADD CONSTRAINT integrity_findings_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: key_events key_events_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.key_events
    ADD CONSTRAINT key_events_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: log_checks log_checks_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_checks
    ADD CONSTRAINT log_checks_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: log_keys log_keys_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_keys
    ADD CONSTRAINT log_keys_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: logs logs_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: memberships memberships_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: memberships memberships_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: payload_erasures payload_erasures_org_id_mode_receipt_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payload_erasures
    ADD CONSTRAINT payload_erasures_org_id_mode_receipt_id_fkey FOREIGN KEY (org_id, mode, receipt_id) REFERENCES public.receipts(org_id, mode, id);


--
-- Name: published_logs published_logs_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.published_logs
    ADD CONSTRAINT published_logs_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: receipt_refs receipt_refs_org_id_mode_receipt_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.receipt_refs
    ADD CONSTRAINT receipt_refs_org_id_mode_receipt_id_fkey FOREIGN KEY (org_id, mode, receipt_id) REFERENCES public.receipts(org_id, mode, id);


--
-- Name: receipt_refs receipt_refs_target_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.receipt_refs
    ADD CONSTRAINT receipt_refs_target_fkey FOREIGN KEY (org_id, mode, target_id) REFERENCES public.receipts(org_id, mode, id);


--
-- Name: receipts receipts_org_id_mode_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_org_id_mode_fkey FOREIGN KEY (org_id, mode) REFERENCES public.logs(org_id, mode);


--
-- Name: schemas schemas_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schemas
    ADD CONSTRAINT schemas_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: sessions sessions_org_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);


--
-- Name: sessions sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: shared_receipts shared_receipts_org_id_mode_receipt_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shared_receipts
    ADD CONSTRAINT shared_receipts_org_id_mode_receipt_id_fkey FOREIGN KEY (org_id, mode, receipt_id) REFERENCES public.receipts(org_id, mode, id);


--
-- Name: shared_receipts shared_receipts_shared_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shared_receipts
    ADD CONSTRAINT shared_receipts_shared_by_fkey FOREIGN KEY (shared_by) REFERENCES public.users(id);


--
-- Name: events; Type: ROW SECURITY; Schema: archive; Owner: -
--

ALTER TABLE archive.events ENABLE ROW LEVEL SECURITY;

--
-- Name: events events_own; Type: POLICY; Schema: archive; Owner: -
--

CREATE POLICY events_own ON archive.events TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: payloads; Type: ROW SECURITY; Schema: archive; Owner: -
--

ALTER TABLE archive.payloads ENABLE ROW LEVEL SECURITY;

--
-- Name: payloads payloads_own; Type: POLICY; Schema: archive; Owner: -
--

CREATE POLICY payloads_own ON archive.payloads TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: anchors; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.anchors ENABLE ROW LEVEL SECURITY;

--
-- Name: anchors anchors_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY anchors_own ON public.anchors TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: anchors anchors_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY anchors_sequenced ON public.anchors TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: api_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys api_keys_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY api_keys_own ON public.api_keys TO certnode_app USING (((org_id = public.current_org()) OR (secret_hash = public.presented_key()))) WITH CHECK ((org_id = public.current_org()));


--
-- Name: events; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

--
-- Name: events_begin; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.events_begin ENABLE ROW LEVEL SECURITY;

--
-- Name: events events_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY events_own ON public.events TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: events events_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY events_sequenced ON public.events TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: evidence; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.evidence ENABLE ROW LEVEL SECURITY;

--
-- Name: evidence evidence_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY evidence_own ON public.evidence TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: import_refusals; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.import_refusals ENABLE ROW LEVEL SECURITY;

--
-- Name: import_refusals import_refusals_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY import_refusals_own ON public.import_refusals TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: imports; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.imports ENABLE ROW LEVEL SECURITY;

--
-- Name: imports imports_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY imports_own ON public.imports TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: integrity_findings; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.integrity_findings ENABLE ROW LEVEL SECURITY;

--
-- Name: integrity_findings integrity_findings_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY integrity_findings_own ON public.integrity_findings TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: integrity_findings integrity_findings_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY integrity_findings_sequenced ON public.integrity_findings TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: key_events; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.key_events ENABLE ROW LEVEL SECURITY;

--
-- Name: key_events key_events_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY key_events_own ON public.key_events TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: key_events key_events_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY key_events_sequenced ON public.key_events TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: log_checks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.log_checks ENABLE ROW LEVEL SECURITY;

--
-- Name: log_checks log_checks_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY log_checks_own ON public.log_checks TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: log_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.log_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: log_keys log_keys_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY log_keys_own ON public.log_keys TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: log_keys log_keys_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY log_keys_sequenced ON public.log_keys TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: logs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.logs ENABLE ROW LEVEL SECURITY;

--
-- Name: logs logs_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY logs_own ON public.logs TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: logs logs_public; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY logs_public ON public.logs FOR SELECT TO certnode_app USING (((made_public_at IS NOT NULL) AND ("right"(origin, 32) = NULLIF(current_setting('certnode.log_name'::text, true), ''::text))));


--
-- Name: logs logs_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY logs_sequenced ON public.logs TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: memberships; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

--
-- Name: memberships memberships_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY memberships_own ON public.memberships TO certnode_app USING (((org_id = public.current_org()) OR (user_id = public.current_person()))) WITH CHECK ((org_id = public.current_org()));


--
-- Name: orgs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;

--
-- Name: orgs orgs_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY orgs_own ON public.orgs TO certnode_app USING (((id = public.current_org()) OR (EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.org_id = orgs.id) AND (m.user_id = public.current_person())))))) WITH CHECK ((id = public.current_org()));


--
-- Name: payload_erasures; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.payload_erasures ENABLE ROW LEVEL SECURITY;

--
-- Name: payload_erasures payload_erasures_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY payload_erasures_own ON public.payload_erasures TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: payloads; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.payloads ENABLE ROW LEVEL SECURITY;

--
-- Name: payloads_begin; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.payloads_begin ENABLE ROW LEVEL SECURITY;

--
-- Name: payloads payloads_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY payloads_own ON public.payloads TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: payloads payloads_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY payloads_sequenced ON public.payloads TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: published_logs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.published_logs ENABLE ROW LEVEL SECURITY;

--
-- Name: published_logs published_logs_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY published_logs_own ON public.published_logs TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: published_logs published_logs_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY published_logs_sequenced ON public.published_logs TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: receipt_refs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.receipt_refs ENABLE ROW LEVEL SECURITY;

--
-- Name: receipt_refs receipt_refs_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY receipt_refs_own ON public.receipt_refs TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: receipt_refs receipt_refs_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY receipt_refs_sequenced ON public.receipt_refs TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: receipts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.receipts ENABLE ROW LEVEL SECURITY;

--
-- Name: receipts receipts_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY receipts_own ON public.receipts TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: receipts receipts_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY receipts_sequenced ON public.receipts TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: schemas; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.schemas ENABLE ROW LEVEL SECURITY;

--
-- Name: schemas schemas_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY schemas_own ON public.schemas TO certnode_app USING ((org_id = public.current_org())) WITH CHECK ((org_id = public.current_org()));


--
-- Name: shared_receipts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.shared_receipts ENABLE ROW LEVEL SECURITY;

--
-- Name: shared_receipts shared_receipts_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY shared_receipts_own ON public.shared_receipts TO certnode_app USING (((org_id = public.current_org()) OR (token_hash = public.presented_share()))) WITH CHECK ((org_id = public.current_org()));


--
-- Name: tiles; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.tiles ENABLE ROW LEVEL SECURITY;

--
-- Name: tiles tiles_own; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tiles_own ON public.tiles TO certnode_app USING ((org_id = public.current_org()));


--
-- Name: tiles tiles_sequenced; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tiles_sequenced ON public.tiles TO certnode_sequencer USING (true) WITH CHECK (true);


--
-- Name: SCHEMA archive; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA archive TO certnode_app;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO certnode_app;
GRANT USAGE ON SCHEMA public TO certnode_sequencer;


--
-- Name: FUNCTION begin_month(of text, next timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.begin_month(of text, next timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION check_month(of text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.check_month(of text) FROM PUBLIC;


--
-- Name: FUNCTION dead_jobs(identifier text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.dead_jobs(identifier text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.dead_jobs(identifier text) TO certnode_sequencer;


--
-- Name: FUNCTION drop_dead_job(job_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.drop_dead_job(job_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.drop_dead_job(job_key text) TO certnode_app;


--
-- Name: FUNCTION enqueue_job(identifier text, payload jsonb, job_key text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.enqueue_job(identifier text, payload jsonb, job_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.enqueue_job(identifier text, payload jsonb, job_key text) TO certnode_app;


--
-- Name: FUNCTION limit_month(of text, next timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.limit_month(of text, next timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION move_month(of text, month text, away boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.move_month(of text, month text, away boolean) FROM PUBLIC;


--
-- Name: FUNCTION unlimit_month(of text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.unlimit_month(of text) FROM PUBLIC;


--
-- Name: TABLE events; Type: ACL; Schema: archive; Owner: -
--

GRANT SELECT ON TABLE archive.events TO certnode_app;


--
-- Name: TABLE payloads; Type: ACL; Schema: archive; Owner: -
--

GRANT SELECT,DELETE ON TABLE archive.payloads TO certnode_app;


--
-- Name: TABLE anchors; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.anchors TO certnode_app;
GRANT SELECT,INSERT ON TABLE public.anchors TO certnode_sequencer;


--
-- Name: TABLE api_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_keys TO certnode_app;


--
-- Name: TABLE events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.events TO certnode_app;
GRANT INSERT ON TABLE public.events TO certnode_sequencer;


--
-- Name: SEQUENCE event_ids; Type: ACL; Schema: public; Owner: -
--

GRANT USAGE ON SEQUENCE public.event_ids TO certnode_app;
GRANT USAGE ON SEQUENCE public.event_ids TO certnode_sequencer;


--
-- Name: TABLE evidence; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.evidence TO certnode_app;


--
-- Name: COLUMN evidence.name; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name) ON TABLE public.evidence TO certnode_app;


--
-- Name: COLUMN evidence.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(created_at) ON TABLE public.evidence TO certnode_app;


--
-- Name: COLUMN evidence.erased_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(erased_at) ON TABLE public.evidence TO certnode_app;


--
-- Name: COLUMN evidence.erased_by; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(erased_by) ON TABLE public.evidence TO certnode_app;


--
-- Name: TABLE import_refusals; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.import_refusals TO certnode_app;


--
-- Name: TABLE imports; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.imports TO certnode_app;


--
-- Name: TABLE inbox; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO certnode_sequencer;


--
-- Name: TABLE integrity_findings; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.integrity_findings TO certnode_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.integrity_findings TO certnode_sequencer;


--
-- Name: TABLE key_events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.key_events TO certnode_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.key_events TO certnode_sequencer;


--
-- Name: TABLE log_checks; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.log_checks TO certnode_app;


--
-- Name: TABLE log_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.log_keys TO certnode_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.log_keys TO certnode_sequencer;


--
-- Name: TABLE logs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.logs TO certnode_app;
GRANT SELECT,UPDATE ON TABLE public.logs TO certnode_sequencer;


--
-- Name: COLUMN logs.made_public_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(made_public_at) ON TABLE public.logs TO certnode_app;


--
-- Name: TABLE memberships; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO certnode_app;


--
-- Name: TABLE nodes; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.nodes TO certnode_sequencer;


--
-- Name: TABLE orgs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.orgs TO certnode_app;


--
-- Name: TABLE payload_erasures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.payload_erasures TO certnode_app;


--
-- Name: COLUMN payload_erasures.erased_by; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(erased_by) ON TABLE public.payload_erasures TO certnode_app;


--
-- Name: COLUMN payload_erasures.reason; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reason) ON TABLE public.payload_erasures TO certnode_app;


--
-- Name: COLUMN payload_erasures.record_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(record_id) ON TABLE public.payload_erasures TO certnode_app;


--
-- Name: TABLE payloads; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,DELETE ON TABLE public.payloads TO certnode_app;
GRANT SELECT,INSERT ON TABLE public.payloads TO certnode_sequencer;


--
-- Name: TABLE published_logs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.published_logs TO certnode_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.published_logs TO certnode_sequencer;


--
-- Name: TABLE receipt_refs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.receipt_refs TO certnode_app;
GRANT SELECT,INSERT ON TABLE public.receipt_refs TO certnode_sequencer;


--
-- Name: TABLE receipts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.receipts TO certnode_app;
GRANT SELECT,INSERT ON TABLE public.receipts TO certnode_sequencer;


--
-- Name: COLUMN receipts.reference; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reference) ON TABLE public.receipts TO certnode_app;


--
-- Name: COLUMN receipts.occurred_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(occurred_at) ON TABLE public.receipts TO certnode_app;


--
-- Name: COLUMN receipts.amount_minor; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(amount_minor) ON TABLE public.receipts TO certnode_app;


--
-- Name: COLUMN receipts.currency; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(currency) ON TABLE public.receipts TO certnode_app;


--
-- Name: TABLE root_cosignatures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.root_cosignatures TO certnode_app;
GRANT SELECT,INSERT ON TABLE public.root_cosignatures TO certnode_sequencer;


--
-- Name: TABLE schemas; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.schemas TO certnode_app;


--
-- Name: TABLE sessions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO certnode_app;


--
-- Name: TABLE shard_leases; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,UPDATE ON TABLE public.shard_leases TO certnode_sequencer;


--
-- Name: TABLE shared_receipts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.shared_receipts TO certnode_app;


--
-- Name: TABLE sign_in_failures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_failures TO certnode_app;


--
-- Name: TABLE tiles; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.tiles TO certnode_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tiles TO certnode_sequencer;


--
-- Name: TABLE users; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO certnode_app;


--
-- PostgreSQL database dump complete
--


