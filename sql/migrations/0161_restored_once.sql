-- What is as the station sent it is not restored again: a second word would be a revision without a difference.
CREATE OR REPLACE FUNCTION public.revise_by_desk(what text, of_station text, of_parameter text, since timestamp with time zone, until timestamp with time zone, number double precision, officer text, reason text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    old      public.readings;
    sent     public.reading_revisions;
    word     bigint;
    new_value double precision;
    new_flag smallint;
    changed  integer := 0;
BEGIN
    IF what = 'revise' AND (number IS NULL OR number IN ('NaN', 'Infinity', '-Infinity')) THEN
        RAISE EXCEPTION 'a revised reading needs a finite number' USING ERRCODE = 'check_violation';
    END IF;
    FOR old IN
        SELECT * FROM public.readings AS r
         WHERE r.station = of_station AND r.parameter = of_parameter AND r.observed_at BETWEEN since AND until
         ORDER BY r.observed_at FOR UPDATE
    LOOP
        IF what = 'restore' THEN
            -- What the station said last, before officers changed it.
            SELECT * INTO sent FROM public.reading_revisions AS v
             WHERE v.station = old.station AND v.parameter = old.parameter AND v.observed_at = old.observed_at
               AND v.raw_partition >= 0 ORDER BY v.id DESC LIMIT 1;
            CONTINUE WHEN old.raw_partition >= 0 OR sent.id IS NULL
                       OR (old.value IS NOT DISTINCT FROM sent.value AND old.flag = sent.flag);
            new_value := sent.value;
            new_flag := sent.flag;
        ELSIF what = 'invalidate' THEN
            CONTINUE WHEN old.flag = 4;
            new_value := old.value;
            new_flag := 4;
        ELSE
            CONTINUE WHEN old.value IS NOT DISTINCT FROM number AND old.flag <= 2;
            new_value := number;
            new_flag := 1;
        END IF;
        INSERT INTO public.desk_revisions (what, station, parameter, observed_at, value, officer, reason)
        VALUES (what, old.station, old.parameter, old.observed_at, new_value, officer, reason)
        RETURNING id INTO word;
        INSERT INTO public.reading_revisions (
            station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset, replaced_at,
            replaced_by_partition, replaced_by_offset
        )
        VALUES (
            old.station, old.parameter, old.observed_at, old.received_at, old.value, old.status, old.flag,
            old.raw_partition, old.raw_offset, now(), -1, word
        );
        UPDATE public.readings AS r
           SET value = new_value, flag = new_flag, raw_partition = -1, raw_offset = word
         WHERE r.station = old.station AND r.parameter = old.parameter AND r.observed_at = old.observed_at;
        UPDATE public.latest_readings AS l SET value = new_value, flag = new_flag
         WHERE l.station = old.station AND l.parameter = old.parameter AND l.observed_at = old.observed_at;
        changed := changed + 1;
    END LOOP;
    IF changed > 0 THEN
        UPDATE public.reading_hours SET dirty = true, stale = true
         WHERE station = of_station AND parameter = of_parameter
           AND hour_start BETWEEN since - INTERVAL '1 hour' AND until AND hour_start + INTERVAL '1 hour' > since;
        UPDATE public.reading_days SET dirty = true, stale = true
         WHERE station = of_station AND parameter = of_parameter
           AND day BETWEEN (since AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
                       AND (until AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
        PERFORM public.audit_append(
            what || ' readings', of_station || ' ' || of_parameter,
            jsonb_strip_nulls(jsonb_build_object(
                'since', since, 'until', until, 'readings', changed, 'value', number, 'officer', officer,
                'reason', reason
            ))
        );
    END IF;
    RETURN changed;
END
$function$;
