-- What is no evidence does not grow for ever. Workers may forget it by these functions and by nothing else; none of them
-- touches what is younger than a week, whoever calls it. Readings, revisions, findings, dead letters, ledger, alerts, who
-- was told and when, and the audit stay.

CREATE FUNCTION require_age(keep interval) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Also of an interval of months, whose days depend on the calendar, and of one that is no number of days at all.
    IF keep IS NULL OR NOT now() - keep <= now() - INTERVAL '7 days' THEN
        RAISE EXCEPTION 'nothing younger than 7 days is forgotten, not after %', keep;
    END IF;
    RETURN now() - keep;
END
$$;

-- Most rows of one call: no transaction grows long; the next call goes on.
CREATE FUNCTION forget_delays(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT minute, bucket FROM public.delays WHERE minute < public.require_age(keep)
         ORDER BY minute LIMIT 50000 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM public.delays kept USING old WHERE (kept.minute, kept.bucket) = (old.minute, old.bucket) RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION forget_deferred(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT source, partition, first_offset, station FROM public.deferred_records
         WHERE read_at < public.require_age(keep)
         LIMIT 50000 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM public.deferred_records kept USING old
         WHERE (kept.source, kept.partition, kept.first_offset, kept.station)
               = (old.source, old.partition, old.first_offset, old.station)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION forget_held_notifications(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT id FROM public.held_notifications WHERE digested_at < public.require_age(keep)
         LIMIT 50000 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM public.held_notifications kept USING old WHERE kept.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

-- Who was told and when is evidence; what the message said is in the alert and its transitions.
CREATE FUNCTION forget_texts(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT id FROM public.outbox
         WHERE created_at < public.require_age(keep) AND coalesce(sent_at, failed_at) < public.require_age(keep)
           AND (text <> '' OR html IS NOT NULL)
         LIMIT 10000 FOR UPDATE SKIP LOCKED
    ), gone AS (
        UPDATE public.outbox kept SET text = '', html = NULL FROM old WHERE kept.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

-- Sessions that were not heard for so long, and of one station more than so many of the newest: one that names a new
-- session in every message fills no disk.
CREATE FUNCTION forget_sessions(keep interval, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF most IS NULL OR most < 100 THEN
        RAISE EXCEPTION 'at least 100 sessions of a station are kept, not %', most;
    END IF;
    WITH ranked AS (
        SELECT station, session, last_received_at,
               row_number() OVER (PARTITION BY station ORDER BY last_received_at DESC, session) AS place
          FROM public.feeds
    ), old AS (
        SELECT station, session FROM ranked
         WHERE last_received_at < public.require_age(keep)
            OR place > most AND last_received_at < public.require_age(INTERVAL '7 days')
         LIMIT 50000
    )
    DELETE FROM public.feeds kept USING old
     WHERE (kept.station, kept.session) = (old.station, old.session)
       AND kept.last_received_at < public.require_age(INTERVAL '7 days');
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

REVOKE EXECUTE ON FUNCTION require_age(interval), forget_delays(interval), forget_deferred(interval),
    forget_held_notifications(interval), forget_texts(interval), forget_sessions(interval, integer) FROM PUBLIC;
