-- What an officer says of a reading (raw_partition -1, see desk_revisions) needs no second word: its hour and day are
-- judged by it at once. Nobody but the owner's functions speaks in an officer's name.

CREATE OR REPLACE FUNCTION hold_judgement() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- A batch that was written when the finding was made may be committed a little later.
    now_known timestamptz := now() - INTERVAL '5 minutes';
    beyond    timestamptz := NEW.window_start + CASE NEW."window" WHEN 'day' THEN INTERVAL '24 hours' ELSE INTERVAL '1 hour' END;
    revised   integer;
    by_desk   integer;
    softened  boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.standing_since := now_known;
        IF NEW."window" = 'day' THEN
            -- A day rests on its hours: what was revised after those were judged is not in it.
            SELECT coalesce(min(hours.standing_since), now_known) INTO NEW.standing_since
              FROM public.judgements hours
             WHERE hours.station = NEW.station AND hours.parameter = NEW.parameter AND hours."window" = 'hour'
               AND hours.window_start >= NEW.window_start AND hours.window_start < beyond
               AND EXISTS (SELECT FROM public.reading_revisions later
                            WHERE later.station = hours.station AND later.parameter = hours.parameter
                              AND later.observed_at >= hours.window_start
                              AND later.observed_at < hours.window_start + INTERVAL '1 hour'
                              AND later.recorded_at > hours.standing_since);
        END IF;
        RETURN NEW;
    END IF;
    IF current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        IF session_user = current_user THEN
            PERFORM public.audit_append('finding changed by hand', concat_ws(' ', OLD.station, OLD.parameter,
                OLD."window", OLD.window_start), jsonb_build_object('before', to_jsonb(OLD), 'after', to_jsonb(NEW)));
        END IF;
        RETURN NEW;
    END IF;
    NEW.standing_since := OLD.standing_since;
    IF (OLD.mean, OLD.verdict, OLD.limit_minimum, OLD.limit_maximum, OLD.ratio, OLD.exceedance_class, OLD.usable_count)
       IS NOT DISTINCT FROM
       (NEW.mean, NEW.verdict, NEW.limit_minimum, NEW.limit_maximum, NEW.ratio, NEW.exceedance_class, NEW.usable_count)
    THEN
        PERFORM public.drop_held_finding(NEW);
        RETURN NEW;
    END IF;
    IF (OLD.mean, OLD.usable_count) IS NOT DISTINCT FROM (NEW.mean, NEW.usable_count) AND (
        SELECT rejudged FROM public.reading_hours sums
         WHERE NEW."window" = 'hour' AND (sums.station, sums.parameter, sums.hour_start)
               = (NEW.station, NEW.parameter, NEW.window_start)
        UNION ALL
        SELECT rejudged FROM public.reading_days sums
         WHERE NEW."window" = 'day' AND (sums.station, sums.parameter, sums.day)
               = (NEW.station, NEW.parameter, (NEW.window_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
    ) THEN
        -- An import changed the limit, and nothing else.
        PERFORM public.drop_held_finding(NEW);
        RETURN NEW;
    END IF;
    SELECT count(DISTINCT later.observed_at) FILTER (WHERE later.replaced_by_partition >= 0),
           count(DISTINCT later.observed_at) FILTER (WHERE later.replaced_by_partition < 0)
      INTO revised, by_desk FROM public.reading_revisions later
     WHERE later.station = NEW.station AND later.parameter = NEW.parameter
       AND later.observed_at >= NEW.window_start AND later.observed_at < beyond
       AND later.recorded_at > OLD.standing_since;
    softened := OLD.verdict = 'exceeded'
        AND (NEW.verdict <> 'exceeded' OR NEW.exceedance_class < OLD.exceedance_class
             OR (NEW.exceedance_class IS NULL AND OLD.exceedance_class IS NOT NULL));
    IF revised > 0 OR (softened AND by_desk = 0) THEN
        PERFORM public.hold_finding(OLD, NEW, CASE WHEN revised > 0 THEN 'revised' ELSE 'softened' END, revised);
        RETURN NULL;
    END IF;
    PERFORM public.drop_held_finding(NEW);
    NEW.standing_since := now_known;
    RETURN NEW;
END
$$;
CREATE OR REPLACE FUNCTION require_readings() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest timestamptz;
    newest timestamptz;
    told   record;
BEGIN
    IF current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
       AND EXISTS (SELECT FROM added WHERE replaced_by_partition < 0 OR replaced_by_offset < 0)
    THEN
        RAISE EXCEPTION 'a reading is revised in an officer''s name by the desk''s functions only';
    END IF;
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
