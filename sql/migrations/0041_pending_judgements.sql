-- A finding stands until an officer accepts what revised readings would make of it.

ALTER TABLE judgements ADD COLUMN standing_since timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN judgements.standing_since IS 'By the database''s clock: readings revised later are not in it. Nobody but the database sets it.';

CREATE TABLE pending_judgements (
    id                  bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station             text COLLATE "C"  NOT NULL,
    parameter           text COLLATE "C"  NOT NULL,
    "window"            text              NOT NULL,
    window_start        timestamptz       NOT NULL,
    cause               text              NOT NULL CHECK (cause IN ('revised', 'softened')),
    revised_readings    integer           NOT NULL,
    standing_mean       double precision,
    standing_verdict    text              NOT NULL,
    mean                double precision,
    verdict             text              NOT NULL,
    limit_minimum       double precision,
    limit_maximum       double precision,
    limit_source        text,
    ratio               double precision,
    exceedance_class    smallint,
    usable_count        integer           NOT NULL,
    expected            integer           NOT NULL,
    retrospective       boolean           NOT NULL,
    found_at            timestamptz       NOT NULL,
    based_at            timestamptz       NOT NULL,
    recorded_by         text              NOT NULL DEFAULT session_user,
    state               text              NOT NULL DEFAULT 'waiting'
                                          CHECK (state IN ('waiting', 'accepted', 'rejected', 'superseded')),
    decided_at          timestamptz,
    decided_by          text,
    decided_login       text,
    decision_reason     text,
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK ((state IN ('accepted', 'rejected')) = (decided_by IS NOT NULL AND decision_reason IS NOT NULL))
);
COMMENT ON TABLE pending_judgements IS 'What a judged hour or day would be after readings of it were revised, or others came that soften it. The standing finding counts until an officer decides.';
COMMENT ON COLUMN pending_judgements.cause IS 'revised: readings were sent again with other numbers; softened: others came that lower an exceedance.';
COMMENT ON COLUMN pending_judgements.based_at IS 'Readings revised later, by the database''s clock, are not in it.';
COMMENT ON COLUMN pending_judgements.decided_login IS 'Login of the session that decided; decided_by is the officer''s name.';
CREATE UNIQUE INDEX pending_judgements_waiting ON pending_judgements (station, parameter, "window", window_start)
    WHERE state = 'waiting';
CREATE INDEX pending_judgements_key ON pending_judgements (station, window_start);

-- From here on a worker's finding of a judged hour or day is held when readings were revised since, or when it softens an
-- exceedance. Only the owner's functions below, which officers call, put it in the place of the standing one.
CREATE FUNCTION hold_finding(standing judgements, fresh judgements, why text, revised integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest public.pending_judgements;
BEGIN
    SELECT * INTO newest FROM public.pending_judgements kept
     WHERE (kept.station, kept.parameter, kept."window", kept.window_start)
           = (fresh.station, fresh.parameter, fresh."window", fresh.window_start)
     ORDER BY kept.id DESC LIMIT 1 FOR UPDATE;
    IF newest.state IN ('waiting', 'rejected')
       AND (newest.mean, newest.verdict, newest.limit_minimum, newest.limit_maximum, newest.usable_count,
            newest.expected, newest.revised_readings, newest.standing_verdict)
           IS NOT DISTINCT FROM (fresh.mean, fresh.verdict, fresh.limit_minimum, fresh.limit_maximum,
                                 fresh.usable_count, fresh.expected, revised, standing.verdict)
    THEN
        RETURN;
    END IF;
    PERFORM public.drop_held_finding(fresh);
    INSERT INTO public.pending_judgements (
        station, parameter, "window", window_start, cause, revised_readings, standing_mean, standing_verdict, mean,
        verdict, limit_minimum, limit_maximum, limit_source, ratio, exceedance_class, usable_count, expected,
        retrospective, found_at, based_at
    )
    VALUES (
        fresh.station, fresh.parameter, fresh."window", fresh.window_start, why, revised, standing.mean,
        standing.verdict, fresh.mean, fresh.verdict, fresh.limit_minimum, fresh.limit_maximum, fresh.limit_source,
        fresh.ratio, fresh.exceedance_class, fresh.usable_count, fresh.expected, fresh.retrospective,
        fresh.judged_at, now() - INTERVAL '5 minutes'
    );
END
$$;

-- Another finding took its place, or the station took its revision back: nothing is to be decided.
CREATE FUNCTION drop_held_finding(fresh judgements) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.pending_judgements kept SET state = 'superseded', decided_at = fresh.judged_at
     WHERE kept.state = 'waiting'
       AND (kept.station, kept.parameter, kept."window", kept.window_start)
           = (fresh.station, fresh.parameter, fresh."window", fresh.window_start)
$$;

CREATE FUNCTION hold_judgement() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- A batch that was written when the finding was made may be committed a little later.
    now_known timestamptz := now() - INTERVAL '5 minutes';
    beyond    timestamptz := NEW.window_start + CASE NEW."window" WHEN 'day' THEN INTERVAL '24 hours' ELSE INTERVAL '1 hour' END;
    revised   integer;
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
    SELECT count(DISTINCT later.observed_at) INTO revised FROM public.reading_revisions later
     WHERE later.station = NEW.station AND later.parameter = NEW.parameter
       AND later.observed_at >= NEW.window_start AND later.observed_at < beyond
       AND later.recorded_at > OLD.standing_since;
    softened := OLD.verdict = 'exceeded'
        AND (NEW.verdict <> 'exceeded' OR NEW.exceedance_class < OLD.exceedance_class
             OR (NEW.exceedance_class IS NULL AND OLD.exceedance_class IS NOT NULL));
    IF revised > 0 OR softened THEN
        PERFORM public.hold_finding(OLD, NEW, CASE WHEN revised > 0 THEN 'revised' ELSE 'softened' END, revised);
        RETURN NULL;
    END IF;
    PERFORM public.drop_held_finding(NEW);
    NEW.standing_since := now_known;
    RETURN NEW;
END
$$;
CREATE TRIGGER judgements_hold BEFORE INSERT OR UPDATE ON judgements
    FOR EACH ROW EXECUTE FUNCTION hold_judgement();

-- Only an import marks hours and days as judged again: a worker that could would soften findings without anybody.
CREATE FUNCTION refuse_rejudged() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RAISE EXCEPTION 'only an import lets % be judged again', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER reading_hours_rejudged BEFORE UPDATE ON reading_hours
    FOR EACH ROW WHEN (NEW.rejudged AND NOT OLD.rejudged) EXECUTE FUNCTION refuse_rejudged();
CREATE TRIGGER reading_hours_not_rejudged BEFORE INSERT ON reading_hours
    FOR EACH ROW WHEN (NEW.rejudged) EXECUTE FUNCTION refuse_rejudged();
CREATE TRIGGER reading_days_rejudged BEFORE UPDATE ON reading_days
    FOR EACH ROW WHEN (NEW.rejudged AND NOT OLD.rejudged) EXECUTE FUNCTION refuse_rejudged();
CREATE TRIGGER reading_days_not_rejudged BEFORE INSERT ON reading_days
    FOR EACH ROW WHEN (NEW.rejudged) EXECUTE FUNCTION refuse_rejudged();

-- What officers decide. Returns what became of each: accepted, rejected, or why not (superseded, accepted or rejected
-- before, unknown).
CREATE FUNCTION decide_revisions(ids bigint[], accept boolean, officer text, reason text)
RETURNS TABLE (pending bigint, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held public.pending_judgements;
BEGIN
    IF btrim(coalesce(officer, '')) = '' OR btrim(coalesce(reason, '')) = '' THEN
        RAISE EXCEPTION 'a decision on revised readings needs an officer and a reason';
    END IF;
    FOR pending IN SELECT DISTINCT given.id FROM unnest(ids) AS given (id) ORDER BY given.id LOOP
        -- The finding first, as workers lock it.
        PERFORM FROM public.judgements standing JOIN public.pending_judgements p
             ON (p.station, p.parameter, p."window", p.window_start)
                = (standing.station, standing.parameter, standing."window", standing.window_start)
          WHERE p.id = pending FOR UPDATE OF standing;
        SELECT * INTO held FROM public.pending_judgements p WHERE p.id = pending FOR UPDATE;
        IF NOT FOUND OR held.state <> 'waiting' THEN
            outcome := coalesce(held.state, 'unknown');
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF accept THEN
            UPDATE public.judgements standing SET
                mean = held.mean, verdict = held.verdict, limit_minimum = held.limit_minimum,
                limit_maximum = held.limit_maximum, limit_source = held.limit_source, ratio = held.ratio,
                exceedance_class = held.exceedance_class, usable_count = held.usable_count,
                expected = held.expected, retrospective = true, judged_at = clock_timestamp(),
                standing_since = held.based_at
             WHERE (standing.station, standing.parameter, standing."window", standing.window_start)
                   = (held.station, held.parameter, held."window", held.window_start);
        END IF;
        outcome := CASE WHEN accept THEN 'accepted' ELSE 'rejected' END;
        UPDATE public.pending_judgements p
           SET state = outcome, decided_at = clock_timestamp(), decided_by = officer, decided_login = session_user,
               decision_reason = reason
         WHERE p.id = pending;
        PERFORM public.audit_append('revision ' || outcome, concat_ws(' ', held.station, held.parameter, held."window",
                to_char(held.window_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')),
            jsonb_build_object('pending', pending, 'officer', officer, 'reason', reason, 'cause', held.cause,
                'readings', held.revised_readings,
                'standing', jsonb_build_object('mean', held.standing_mean, 'verdict', held.standing_verdict),
                'revised', jsonb_build_object('mean', held.mean, 'verdict', held.verdict)));
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION hold_finding(judgements, judgements, text, integer), drop_held_finding(judgements),
    decide_revisions(bigint[], boolean, text, text) FROM PUBLIC;

CREATE TRIGGER pending_judgements_emptied AFTER DELETE OR TRUNCATE ON pending_judgements
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();
CREATE INDEX reading_revisions_replaced ON reading_revisions (replaced_at);
