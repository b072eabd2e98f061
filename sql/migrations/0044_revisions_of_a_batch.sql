-- The revisions of a batch are checked together, and with bounds of time that the planner sees: row by row, each cost a
-- plan over every chunk.

DROP TRIGGER reading_revisions_true ON reading_revisions;
DROP FUNCTION require_reading();

CREATE FUNCTION require_readings() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest timestamptz;
    newest timestamptz;
    told   record;
BEGIN
    SELECT min(observed_at), max(observed_at) INTO oldest, newest FROM added;
    EXECUTE $sql$
        SELECT claim.station, claim.parameter, claim.observed_at
          FROM added claim
          LEFT JOIN public.readings was
            ON was.station = claim.station AND was.parameter = claim.parameter AND was.observed_at = claim.observed_at
           AND was.observed_at BETWEEN $1 AND $2
           AND was.raw_partition = claim.raw_partition AND was.raw_offset = claim.raw_offset
           AND was.received_at = claim.received_at AND was.value IS NOT DISTINCT FROM claim.value
           AND was.status = claim.status AND was.flag = claim.flag
         WHERE was.station IS NULL
           AND NOT EXISTS (
               SELECT FROM public.reading_revisions before
                WHERE before.id < claim.id  -- the first of several must be true, so that none proves itself
                  AND before.station = claim.station AND before.parameter = claim.parameter
                  AND before.observed_at = claim.observed_at AND before.transaction = pg_current_xact_id()
                  AND before.replaced_by_partition = claim.raw_partition
                  AND before.replaced_by_offset = claim.raw_offset)
         LIMIT 1
    $sql$ INTO told USING oldest, newest;
    IF told.station IS NOT NULL THEN
        RAISE EXCEPTION 'the reading % % of % was not what its revision says',
            told.station, told.parameter, told.observed_at;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER reading_revisions_true AFTER INSERT ON reading_revisions REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_readings();

CREATE OR REPLACE FUNCTION require_replacement() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    became boolean;
BEGIN
    IF EXISTS (
        SELECT FROM public.reading_revisions next
         WHERE next.id > NEW.id AND next.station = NEW.station AND next.parameter = NEW.parameter
           AND next.observed_at = NEW.observed_at AND next.transaction = NEW.transaction
           AND next.raw_partition = NEW.replaced_by_partition AND next.raw_offset = NEW.replaced_by_offset
    ) THEN
        RETURN NULL;
    END IF;
    -- As constants: the planner looks at one chunk.
    EXECUTE format(
        'SELECT true FROM public.readings now WHERE now.station = %L AND now.parameter = %L AND now.observed_at = %L'
        '::timestamptz AND now.raw_partition = %L::integer AND now.raw_offset = %L::bigint',
        NEW.station, NEW.parameter, NEW.observed_at, NEW.replaced_by_partition, NEW.replaced_by_offset) INTO became;
    IF became IS NULL THEN
        RAISE EXCEPTION 'the reading % % of % was not replaced as its revision says',
            NEW.station, NEW.parameter, NEW.observed_at;
    END IF;
    RETURN NULL;
END
$$;
