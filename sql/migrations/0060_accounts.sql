-- Accounts of the centre's page: who may log in, what for, and what was done with it. Nothing is deleted: sessions and
-- links are marked as ended.

CREATE TABLE accounts (
    login         text COLLATE "C" PRIMARY KEY CHECK (login ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    name          text         NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role          text         NOT NULL CHECK (role IN ('viewer', 'operator', 'officer', 'manager', 'admin')),
    stations      text[]       NOT NULL DEFAULT '{}',
    person        text COLLATE "C" REFERENCES people (code),
    password_hash text,
    totp_secret   text,
    totp_step     bigint,
    oidc_subject  text         UNIQUE,
    failures      integer      NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    active        boolean      NOT NULL DEFAULT true,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    changed_at    timestamptz  NOT NULL DEFAULT now(),
    CHECK (role <> 'operator' OR cardinality(stations) > 0)
);
COMMENT ON COLUMN accounts.stations IS 'Stations that the account sees; empty: all of them. An operator of a plant always has some.';
COMMENT ON COLUMN accounts.person IS 'Who this is among the people on call: in whose name incidents are taken.';
COMMENT ON COLUMN accounts.password_hash IS 'Argon2id; NULL: comes by single sign-on or by a link alone.';
COMMENT ON COLUMN accounts.totp_step IS 'Time step of the last code that was taken: none is taken twice.';

CREATE TABLE account_sessions (
    id         bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea        NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    login      text COLLATE "C" NOT NULL REFERENCES accounts (login),
    stage      text         NOT NULL CHECK (stage IN ('password', 'complete')),
    way        text         NOT NULL CHECK (way IN ('password', 'link', 'oidc')),
    address    text         NOT NULL,
    agent      text         NOT NULL,
    created_at timestamptz  NOT NULL,
    seen_at    timestamptz  NOT NULL,
    expires_at timestamptz  NOT NULL,
    ended_at   timestamptz,
    CHECK (expires_at > created_at)
);
COMMENT ON COLUMN account_sessions.token_hash IS 'SHA-256 of what the browser has; the token itself is stored nowhere.';
COMMENT ON COLUMN account_sessions.stage IS 'password: the second factor is still missing, and nothing is shown.';
CREATE INDEX account_sessions_login ON account_sessions (login) WHERE ended_at IS NULL;

CREATE TABLE login_links (
    token_hash bytea        PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    login      text COLLATE "C" NOT NULL REFERENCES accounts (login),
    created_at timestamptz  NOT NULL,
    expires_at timestamptz  NOT NULL,
    used_at    timestamptz,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE login_links IS 'Links that let somebody in once, without a password.';

CREATE TABLE security_events (
    id      bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz  NOT NULL DEFAULT clock_timestamp(),
    kind    text         NOT NULL,
    login   text         NOT NULL DEFAULT '',
    address text         NOT NULL DEFAULT '',
    detail  text         NOT NULL DEFAULT ''
);
COMMENT ON TABLE security_events IS 'Who came in, who was turned away and why. Never changed.';
CREATE INDEX security_events_at ON security_events (at);
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON security_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_incident_change();

-- The page logs in as one role for everybody; it says for whom it acts. Nobody else's word is taken for that.
CREATE OR REPLACE FUNCTION audit_append(action text, subject text, detail jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest  record;
    next_id bigint;
    written text;
    account text := CASE WHEN session_user = 'quantrac_web' THEN nullif(current_setting('quantrac.actor', true), '') END;
BEGIN
    -- One at a time, until the COMMIT: an entry names the one before it. Reading goes on meanwhile.
    LOCK TABLE public.audit IN EXCLUSIVE MODE;
    SELECT kept.id, kept.hash INTO newest FROM public.audit kept ORDER BY kept.id DESC LIMIT 1;
    next_id := coalesce(newest.id, 0) + 1;
    written := (jsonb_build_object(
        'id', next_id,
        'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', session_user,
        'address', host(inet_client_addr()),
        'action', action,
        'subject', subject,
        'detail', detail
    ) || CASE WHEN account IS NULL THEN '{}' ELSE jsonb_build_object('account', account) END)::text;
    INSERT INTO public.audit (id, entry, hash)
    VALUES (next_id, written, sha256(coalesce(newest.hash, '') || convert_to(written, 'UTF8')));
    RETURN next_id;
END
$$;
COMMENT ON COLUMN audit.entry IS 'JSON: id, at, actor (login of the session), account (for whom the page acted), address, action, subject, detail.';

-- Every act of a person on an incident; what the machine decides stands in the incident's own history alone.
CREATE FUNCTION audit_incident_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.audit_append('incident ' || NEW.what, 'incident ' || NEW.incident_id,
        jsonb_build_object('officer', NEW.actor, 'result', NEW.reason, 'detail', left(NEW.detail, 1000)));
    RETURN NULL;
END
$$;
CREATE TRIGGER incident_events_audited AFTER INSERT ON incident_events
    FOR EACH ROW WHEN (NEW.actor <> '') EXECUTE FUNCTION audit_incident_event();

-- Accounts: what changed, without what is secret or counts tries. Windows, overrides and swaps: see 0040.
CREATE FUNCTION audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    secret constant text[] := ARRAY['password_hash', 'totp_secret', 'totp_step', 'failures', 'locked_until', 'changed_at',
                                    'end_sent_at'];
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - secret END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - secret END;
    named  jsonb := coalesce(after, before);
    credential boolean := TG_OP = 'UPDATE' AND (to_jsonb(OLD) -> 'password_hash' IS DISTINCT FROM to_jsonb(NEW) -> 'password_hash'
                          OR to_jsonb(OLD) -> 'totp_secret' IS DISTINCT FROM to_jsonb(NEW) -> 'totp_secret');
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, after -> b.key) INTO before, after
          FROM jsonb_each(before) b WHERE b.value IS DISTINCT FROM after -> b.key;
        IF before IS NULL AND NOT credential THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM public.audit_append(
        lower(TG_OP) || CASE TG_OP WHEN 'INSERT' THEN ' into ' WHEN 'UPDATE' THEN ' of ' ELSE ' from ' END || TG_TABLE_NAME,
        coalesce(named ->> 'login', named ->> 'id'),
        jsonb_strip_nulls(jsonb_build_object(
            'before', before, 'after', after, 'credentials', CASE WHEN credential THEN 'changed' END)));
    RETURN NULL;
END
$$;
CREATE TRIGGER accounts_audited AFTER INSERT OR UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION audit_row();

REVOKE EXECUTE ON FUNCTION audit_incident_event(), audit_row() FROM PUBLIC;
