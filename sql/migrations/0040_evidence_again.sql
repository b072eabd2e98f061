-- Evidence, looked at by somebody who holds a worker's password: a revision is of this very change, the owner's functions
-- look for nothing in temporary schemas, and who is told of alerts is changed with a trace.

ALTER TABLE reading_revisions ADD COLUMN transaction xid8;
ALTER TABLE reading_revisions ALTER COLUMN transaction SET DEFAULT pg_current_xact_id();
COMMENT ON COLUMN reading_revisions.transaction IS 'Of the change that it is about; nobody but the database sets it. NULL: older than the column.';

-- A revision says what the reading is, or, of several within one batch, what the one before it made of it.
CREATE FUNCTION require_reading() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.readings was
         WHERE was.station = NEW.station AND was.parameter = NEW.parameter AND was.observed_at = NEW.observed_at
           AND was.raw_partition = NEW.raw_partition AND was.raw_offset = NEW.raw_offset
           AND was.received_at = NEW.received_at AND was.value IS NOT DISTINCT FROM NEW.value
           AND was.status = NEW.status AND was.flag = NEW.flag
    ) AND NOT EXISTS (
        SELECT FROM public.reading_revisions before
         WHERE before.station = NEW.station AND before.parameter = NEW.parameter
           AND before.observed_at = NEW.observed_at AND before.transaction = pg_current_xact_id()
           AND before.replaced_by_partition = NEW.raw_partition AND before.replaced_by_offset = NEW.raw_offset
    ) THEN
        RAISE EXCEPTION 'the reading % % of % was not what its revision says',
            NEW.station, NEW.parameter, NEW.observed_at;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER reading_revisions_true BEFORE INSERT ON reading_revisions
    FOR EACH ROW EXECUTE FUNCTION require_reading();

-- At the COMMIT, when the reading has become what the last of its revisions says that it did.
CREATE FUNCTION require_replacement() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.readings now
         WHERE now.station = NEW.station AND now.parameter = NEW.parameter AND now.observed_at = NEW.observed_at
           AND now.raw_partition = NEW.replaced_by_partition AND now.raw_offset = NEW.replaced_by_offset
    ) AND NOT EXISTS (
        SELECT FROM public.reading_revisions next
         WHERE next.station = NEW.station AND next.parameter = NEW.parameter
           AND next.observed_at = NEW.observed_at AND next.transaction = NEW.transaction
           AND next.raw_partition = NEW.replaced_by_partition AND next.raw_offset = NEW.replaced_by_offset
    ) THEN
        RAISE EXCEPTION 'the reading % % of % was not replaced as its revision says',
            NEW.station, NEW.parameter, NEW.observed_at;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER reading_revisions_done AFTER INSERT ON reading_revisions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_replacement();

CREATE OR REPLACE FUNCTION require_revision() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.reading_revisions kept
         WHERE kept.station = OLD.station AND kept.parameter = OLD.parameter AND kept.observed_at = OLD.observed_at
           AND kept.transaction = pg_current_xact_id()
           AND kept.raw_partition = OLD.raw_partition AND kept.raw_offset = OLD.raw_offset
           AND kept.value IS NOT DISTINCT FROM OLD.value AND kept.status = OLD.status AND kept.flag = OLD.flag
    ) OR NOT EXISTS (
        SELECT FROM public.reading_revisions last
         WHERE last.station = OLD.station AND last.parameter = OLD.parameter AND last.observed_at = OLD.observed_at
           AND last.transaction = pg_current_xact_id()
           AND last.replaced_by_partition = NEW.raw_partition AND last.replaced_by_offset = NEW.raw_offset
    ) THEN
        RAISE EXCEPTION 'the reading % % of % is changed only after reading_revisions holds what it was',
            OLD.station, OLD.parameter, OLD.observed_at;
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER readings_revised ON readings;
CREATE TRIGGER readings_revised BEFORE UPDATE ON readings FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION require_revision();

-- With a path of "public" alone, temporary tables come first: a caller's own judgement_revisions took the history, and a
-- trigger on it ran as the owner.
ALTER FUNCTION keep_judgement() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION keep_alert_cause() SET search_path = pg_catalog, public, pg_temp;

CREATE TRIGGER judgement_revisions_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON judgement_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alert_causes_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON alert_causes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who is told, when, and what holds it back: that it changed, never names and addresses, which are not for everybody who
-- may read the audit. What machines note there (a channel that fails, a code that was sent) is no change.
CREATE FUNCTION audit_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    noted  text[] := ARRAY['failing_since', 'code_digest', 'code_expires_at', 'code_tries', 'end_sent_at', 'changed_at'];
    hidden text[] := ARRAY['document', 'address', 'note', 'detail', 'by'];
    before jsonb := coalesce(to_jsonb(OLD), '{}') - noted;
    after  jsonb := coalesce(to_jsonb(NEW), '{}') - noted;
    named  jsonb := coalesce(to_jsonb(NEW), to_jsonb(OLD));
    touched jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(key ORDER BY key), '[]') INTO touched
      FROM (SELECT key FROM jsonb_each(before) UNION SELECT key FROM jsonb_each(after)) AS keys
     WHERE before -> key IS DISTINCT FROM after -> key;
    IF touched = '[]' THEN
        RETURN NULL;
    END IF;
    PERFORM public.audit_append(
        lower(TG_OP) || CASE TG_OP WHEN 'INSERT' THEN ' into ' WHEN 'UPDATE' THEN ' of ' ELSE ' from ' END || TG_TABLE_NAME,
        coalesce(named ->> 'code', named ->> 'rota', named ->> 'person', named ->> 'station'),
        jsonb_strip_nulls(jsonb_build_object(
            'id', named -> 'id', 'changed', touched,
            'before', nullif(before - hidden, '{}'), 'after', nullif(after - hidden, '{}')
        ))
    );
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION audit_person() FROM PUBLIC;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['people', 'contact_channels', 'rotas', 'escalation_policies', 'rota_overrides',
                                'rota_swaps', 'hold_windows', 'outages'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION audit_person()', name || '_audited', name);
    END LOOP;
    -- Emptied by the owner: said once, whatever was in it.
    FOREACH name IN ARRAY ARRAY['people', 'contact_channels', 'rotas', 'escalation_policies', 'rota_overrides',
                                'rota_swaps', 'hold_windows', 'outages', 'stations', 'sensors', 'limit_sets',
                                'limit_values', 'alert_rules', 'deferred_records', 'feeds'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_statement()',
                       name || '_emptied', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['judgements', 'alert_transitions', 'raw_log_breaks', 'outbox', 'kafka_progress',
                                'incidents', 'incident_alerts', 'incident_transitions']
    LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_statement()', name || '_emptied', name);
    END LOOP;
END
$$;
