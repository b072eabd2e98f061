-- The accounts of what was received are kept as long as the settings say, where they agree: an hour in which a message
-- was lost, or committed without having been counted, stays for ever.

CREATE FUNCTION forget_receipts(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT first.origin, first.station, first.hour_start
          FROM public.receipts AS first
          JOIN public.receipts_committed AS second USING (origin, station, hour_start)
         WHERE first.hour_start < public.require_age(keep)
           AND second.numbers = int8multirange(int8range(1, first.acknowledged + 1))
         ORDER BY first.hour_start
         LIMIT 50000 FOR UPDATE SKIP LOCKED
    ), committed AS (
        DELETE FROM public.receipts_committed AS kept USING old
         WHERE (kept.origin, kept.station, kept.hour_start) = (old.origin, old.station, old.hour_start)
    ), gone AS (
        DELETE FROM public.receipts AS kept USING old
         WHERE (kept.origin, kept.station, kept.hour_start) = (old.origin, old.station, old.hour_start)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION forget_receipts IS 'Forgets hours whose two accounts agree and that are older than keep; at least a week is kept.';
REVOKE EXECUTE ON FUNCTION forget_receipts(interval) FROM PUBLIC;

-- Who looks at dashboards must not be able to invent a message that was received.
REVOKE EXECUTE ON FUNCTION
    carry_receipts(text[], text[], timestamptz[], bigint[], boolean[], text[], integer[], bigint[]) FROM quantrac_reader;
