-- Evidence: what was stored is not changed without a trace, and what people do is written into a chain of hashes.

-- Revisions: who wrote them and when, by the database's own word. NULL: the row is older than the columns.
ALTER TABLE reading_revisions ADD COLUMN recorded_at timestamptz, ADD COLUMN recorded_by text;
ALTER TABLE reading_revisions
    ALTER COLUMN recorded_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN recorded_by SET DEFAULT session_user;
COMMENT ON COLUMN reading_revisions.recorded_by IS 'Login of the session that wrote it; nobody but the database sets it.';

ALTER TABLE alerts ADD COLUMN recorded_at timestamptz, ADD COLUMN recorded_by text;
ALTER TABLE alerts
    ALTER COLUMN recorded_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN recorded_by SET DEFAULT session_user;
COMMENT ON COLUMN alerts.recorded_at IS 'When it was written; opened_at is the station''s clock. NULL: older than the column.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is evidence: rows are added to it, never changed or deleted', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER reading_revisions_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON reading_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION require_revision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.reading_revisions kept
         WHERE kept.station = OLD.station AND kept.parameter = OLD.parameter AND kept.observed_at = OLD.observed_at
           AND kept.raw_partition = OLD.raw_partition AND kept.raw_offset = OLD.raw_offset
           AND kept.value IS NOT DISTINCT FROM OLD.value AND kept.status = OLD.status AND kept.flag = OLD.flag
    ) THEN
        RAISE EXCEPTION 'the reading % % of % is changed only after reading_revisions holds what it was',
            OLD.station, OLD.parameter, OLD.observed_at;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER readings_revised BEFORE UPDATE ON readings FOR EACH ROW
    WHEN (OLD.value IS DISTINCT FROM NEW.value
          OR (OLD.station, OLD.parameter, OLD.observed_at, OLD.status, OLD.flag, OLD.raw_partition, OLD.raw_offset)
             IS DISTINCT FROM
             (NEW.station, NEW.parameter, NEW.observed_at, NEW.status, NEW.flag, NEW.raw_partition, NEW.raw_offset))
    EXECUTE FUNCTION require_revision();

CREATE FUNCTION refuse_less() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger of % on % only grows', OLD.station, OLD.day;
END
$$;
CREATE TRIGGER ledger_grows BEFORE UPDATE ON ledger FOR EACH ROW
    WHEN (NEW.received < OLD.received OR NEW.stored < OLD.stored OR NEW.duplicate < OLD.duplicate
          OR NEW.revision < OLD.revision OR NEW.dead_letter < OLD.dead_letter OR NEW.redelivered < OLD.redelivered)
    EXECUTE FUNCTION refuse_less();

CREATE TABLE audit (
    id    bigint  PRIMARY KEY CHECK (id > 0),
    entry text    NOT NULL,
    hash  bytea   NOT NULL
);
COMMENT ON TABLE audit IS 'Append-only. hash = sha256(hash of the entry before || entry in UTF-8); the first has none before it. Ids have no gap.';
COMMENT ON COLUMN audit.entry IS 'JSON: id, at, actor (login of the session), address, action, subject, detail.';
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION audit_append(action text, subject text, detail jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest  record;
    next_id bigint;
    written text;
BEGIN
    -- One at a time, until the COMMIT: an entry names the one before it. Reading goes on meanwhile.
    LOCK TABLE public.audit IN EXCLUSIVE MODE;
    SELECT kept.id, kept.hash INTO newest FROM public.audit kept ORDER BY kept.id DESC LIMIT 1;
    next_id := coalesce(newest.id, 0) + 1;
    written := jsonb_build_object(
        'id', next_id,
        'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', session_user,
        'address', host(inet_client_addr()),
        'action', action,
        'subject', subject,
        'detail', detail
    )::text;
    INSERT INTO public.audit (id, entry, hash)
    VALUES (next_id, written, sha256(coalesce(newest.hash, '') || convert_to(written, 'UTF8')));
    RETURN next_id;
END
$$;

-- What officers do. The desk's role may call these and update nothing itself.
CREATE FUNCTION acknowledge_alert(alert_id bigint, officer text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken_by text;
BEGIN
    UPDATE public.alerts SET acknowledged_at = clock_timestamp(), acknowledged_by = officer
     WHERE id = alert_id AND acknowledged_at IS NULL;
    IF FOUND THEN
        PERFORM public.audit_append('alert acknowledged', 'alert ' || alert_id, jsonb_build_object('officer', officer));
    END IF;
    SELECT acknowledged_by INTO taken_by FROM public.alerts WHERE id = alert_id;
    RETURN taken_by;
END
$$;

CREATE FUNCTION record_alert_cause(alert_id bigint, cause text, officer text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before text;
BEGIN
    SELECT closed_cause INTO before FROM public.alerts WHERE id = alert_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE public.alerts
       SET closed_cause = cause,
           acknowledged_at = coalesce(acknowledged_at, clock_timestamp()),
           acknowledged_by = coalesce(acknowledged_by, officer)
     WHERE id = alert_id;
    PERFORM public.audit_append('cause recorded', 'alert ' || alert_id,
        jsonb_build_object('officer', officer, 'cause', cause, 'before', before));
    RETURN true;
END
$$;

-- What stations, limits and rules were before and are after. People's addresses stay out: the audit is open to read.
CREATE FUNCTION audit_description() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    named  jsonb := coalesce(after, before);
    hidden boolean := before -> 'contacts' IS DISTINCT FROM after -> 'contacts';
BEGIN
    before := before - 'contacts';
    after := after - 'contacts';
    IF TG_OP = 'UPDATE' THEN
        -- Only what differs.
        SELECT jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, after -> b.key) INTO before, after
          FROM jsonb_each(before) b WHERE b.value IS DISTINCT FROM after -> b.key;
        IF before IS NULL AND NOT hidden THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM public.audit_append(
        lower(TG_OP) || CASE TG_OP WHEN 'INSERT' THEN ' into ' WHEN 'UPDATE' THEN ' of ' ELSE ' from ' END || TG_TABLE_NAME,
        coalesce(named ->> 'code', named ->> 'station', named ->> 'limit_set'),
        jsonb_strip_nulls(jsonb_build_object(
            'effective_from', named -> 'effective_from',
            'before', before,
            'after', after,
            'contacts', CASE WHEN TG_OP = 'UPDATE' AND hidden THEN 'changed' END
        ))
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER stations_audited AFTER INSERT OR UPDATE OR DELETE ON stations
    FOR EACH ROW EXECUTE FUNCTION audit_description();
CREATE TRIGGER sensors_audited AFTER INSERT OR UPDATE OR DELETE ON sensors
    FOR EACH ROW EXECUTE FUNCTION audit_description();
CREATE TRIGGER limit_sets_audited AFTER INSERT OR UPDATE OR DELETE ON limit_sets
    FOR EACH ROW EXECUTE FUNCTION audit_description();
CREATE TRIGGER limit_values_audited AFTER INSERT OR UPDATE OR DELETE ON limit_values
    FOR EACH ROW EXECUTE FUNCTION audit_description();
CREATE TRIGGER alert_rules_audited AFTER INSERT OR UPDATE OR DELETE ON alert_rules
    FOR EACH ROW EXECUTE FUNCTION audit_description();

-- No role but the owner may delete evidence, and when the owner does, the chain says so.
CREATE FUNCTION audit_statement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.audit_append(
        lower(TG_OP) || CASE TG_OP WHEN 'UPDATE' THEN ' of ' ELSE ' from ' END || TG_TABLE_NAME, TG_TABLE_NAME::text,
        jsonb_build_object('statement', left(current_query(), 1000)));
    RETURN NULL;
END
$$;
CREATE TRIGGER readings_audited AFTER DELETE OR TRUNCATE ON readings
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();
CREATE TRIGGER ledger_audited AFTER DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();
CREATE TRIGGER dead_letters_audited AFTER DELETE OR TRUNCATE OR UPDATE OF payload, station, reason ON dead_letters
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();
CREATE TRIGGER alerts_audited AFTER DELETE OR TRUNCATE ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();

REVOKE EXECUTE ON FUNCTION audit_append(text, text, jsonb), acknowledge_alert(bigint, text),
    record_alert_cause(bigint, text, text), audit_description(), audit_statement() FROM PUBLIC;

-- How far notifications are, for those who may not see whom they go to: a mail server's answer often repeats the address.
CREATE VIEW deliveries AS
SELECT id, alert_id, transition_id, message_id, channel, created_at, attempts, next_try_at, sent_at, failed_at,
       regexp_replace(last_error, '[^\s<>"]+@[^\s<>",;:]+', '…', 'g') AS last_error
  FROM outbox;
