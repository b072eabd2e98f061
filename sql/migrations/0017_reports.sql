-- What reports need: findings and causes as they were at an earlier instant, the share of data received, VN_WQI.

ALTER TABLE judgements ADD COLUMN first_judged_at timestamptz;
UPDATE judgements SET first_judged_at = judged_at;
ALTER TABLE judgements ALTER COLUMN first_judged_at SET NOT NULL;

CREATE TABLE judgement_revisions (
    id                bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station           text COLLATE "C"  NOT NULL,
    parameter         text COLLATE "C"  NOT NULL,
    "window"          text              NOT NULL,
    window_start      timestamptz       NOT NULL,
    mean              double precision,
    verdict           text              NOT NULL,
    limit_minimum     double precision,
    limit_maximum     double precision,
    limit_source      text,
    ratio             double precision,
    exceedance_class  smallint,
    usable_count      integer           NOT NULL,
    expected          integer           NOT NULL,
    retrospective     boolean           NOT NULL,
    first_judged_at   timestamptz       NOT NULL,
    replaced_at       timestamptz       NOT NULL
);
COMMENT ON TABLE judgement_revisions IS 'What a judgement was before it was judged anew and found otherwise.';
CREATE INDEX judgement_revisions_key ON judgement_revisions (station, window_start);

-- The history is written with the owner's rights: no process may write into it by itself.
CREATE FUNCTION keep_judgement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.first_judged_at := NEW.judged_at;
        RETURN NEW;
    END IF;
    NEW.first_judged_at := OLD.first_judged_at;
    IF (OLD.mean, OLD.verdict, OLD.limit_minimum, OLD.limit_maximum, OLD.limit_source, OLD.ratio,
        OLD.exceedance_class, OLD.usable_count, OLD.expected, OLD.retrospective)
       IS DISTINCT FROM
       (NEW.mean, NEW.verdict, NEW.limit_minimum, NEW.limit_maximum, NEW.limit_source, NEW.ratio,
        NEW.exceedance_class, NEW.usable_count, NEW.expected, NEW.retrospective)
    THEN
        INSERT INTO judgement_revisions (
            station, parameter, "window", window_start, mean, verdict, limit_minimum, limit_maximum, limit_source,
            ratio, exceedance_class, usable_count, expected, retrospective, first_judged_at, replaced_at
        )
        VALUES (
            OLD.station, OLD.parameter, OLD."window", OLD.window_start, OLD.mean, OLD.verdict, OLD.limit_minimum,
            OLD.limit_maximum, OLD.limit_source, OLD.ratio, OLD.exceedance_class, OLD.usable_count, OLD.expected,
            OLD.retrospective, OLD.first_judged_at, NEW.judged_at
        );
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER judgements_keep BEFORE INSERT OR UPDATE ON judgements FOR EACH ROW EXECUTE FUNCTION keep_judgement();

CREATE TABLE alert_causes (
    id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id    bigint       NOT NULL REFERENCES alerts (id),
    cause       text,
    recorded_at timestamptz  NOT NULL DEFAULT now()
);
COMMENT ON TABLE alert_causes IS 'Every cause that an officer found for an alert, and when; the last one counts.';
CREATE INDEX alert_causes_alert ON alert_causes (alert_id);
INSERT INTO alert_causes (alert_id, cause, recorded_at)
SELECT id, closed_cause, coalesce(acknowledged_at, now()) FROM alerts WHERE closed_cause IS NOT NULL;

CREATE FUNCTION keep_alert_cause() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO alert_causes (alert_id, cause) VALUES (NEW.id, NEW.closed_cause);
    RETURN NULL;
END
$$;
CREATE TRIGGER alerts_keep_cause AFTER UPDATE OF closed_cause ON alerts
    FOR EACH ROW WHEN (OLD.closed_cause IS DISTINCT FROM NEW.closed_cause) EXECUTE FUNCTION keep_alert_cause();

-- Both are called once and then joined: SET keeps them from being dissolved in the caller's plan, ROWS makes it hash.
CREATE FUNCTION readings_as_of(of_station text, since timestamptz, until timestamptz, as_of timestamptz)
RETURNS TABLE (
    parameter text, observed_at timestamptz, received_at timestamptz, value double precision, flag smallint, status text
) LANGUAGE sql STABLE ROWS 50000 SET search_path = public AS $$
    WITH undone AS (
        SELECT DISTINCT ON (r.parameter, r.observed_at)
               r.parameter, r.observed_at, r.received_at, r.value, r.flag, r.status
          FROM reading_revisions AS r
         WHERE r.station = of_station AND r.observed_at >= since AND r.observed_at < until AND r.replaced_at > as_of
         ORDER BY r.parameter, r.observed_at, r.replaced_at, r.id
    )
    SELECT kept.parameter, kept.observed_at, kept.received_at, kept.value, kept.flag, kept.status
      FROM readings AS kept
     WHERE kept.station = of_station AND kept.observed_at >= since AND kept.observed_at < until
       AND kept.received_at <= as_of
       AND (kept.parameter, kept.observed_at) NOT IN (SELECT parameter, observed_at FROM undone)
    UNION ALL
    SELECT parameter, observed_at, received_at, value, flag, status FROM undone WHERE received_at <= as_of
$$;

CREATE FUNCTION judgements_as_of(of_station text, since timestamptz, until timestamptz, as_of timestamptz)
RETURNS TABLE (
    parameter text, "window" text, window_start timestamptz, mean double precision, verdict text,
    limit_minimum double precision, limit_maximum double precision, limit_source text, ratio double precision,
    exceedance_class smallint, usable_count integer, expected integer, retrospective boolean
) LANGUAGE sql STABLE ROWS 5000 SET search_path = public AS $$
    WITH version AS (
        SELECT DISTINCT ON (every.parameter, every."window", every.window_start) every.*
          FROM (SELECT r.parameter, r."window", r.window_start, r.mean, r.verdict, r.limit_minimum, r.limit_maximum,
                       r.limit_source, r.ratio, r.exceedance_class, r.usable_count, r.expected, r.retrospective,
                       r.first_judged_at, r.replaced_at, r.id
                  FROM judgement_revisions AS r
                 WHERE r.station = of_station AND r.window_start >= since AND r.window_start < until
                   AND r.replaced_at > as_of
                UNION ALL
                SELECT j.parameter, j."window", j.window_start, j.mean, j.verdict, j.limit_minimum, j.limit_maximum,
                       j.limit_source, j.ratio, j.exceedance_class, j.usable_count, j.expected, j.retrospective,
                       j.first_judged_at, 'infinity', 0
                  FROM judgements AS j
                 WHERE j.station = of_station AND j.window_start >= since AND j.window_start < until) AS every
         ORDER BY every.parameter, every."window", every.window_start, every.replaced_at, every.id
    )
    SELECT parameter, "window", window_start, mean, verdict, limit_minimum, limit_maximum, limit_source, ratio,
           exceedance_class, usable_count, expected, retrospective
      FROM version
     WHERE first_judged_at <= as_of
$$;

-- Received and usable count the time that they cover: an hour never counts for more than its cadence makes. A day that
-- is not over is expected up to now, a day on which nothing came has a row too.
CREATE FUNCTION data_received(first_day date, last_day date)
RETURNS TABLE (
    station text, parameter text, day date, expected double precision, received double precision,
    usable double precision
) LANGUAGE sql STABLE AS $$
    SELECT described.code, sensors.parameter, described.day,
           elapsed.s / sensors.cadence_s,
           least(sum(least(coalesce(h.total_count, 0), greatest(3600 / sensors.cadence_s, 1))),
                 elapsed.s / sensors.cadence_s),
           least(sum(least(coalesce(h.usable_count, 0), greatest(3600 / sensors.cadence_s, 1))),
                 elapsed.s / sensors.cadence_s)
      FROM (SELECT DISTINCT ON (s.code, d.day) s.code, s.effective_from, d.day::date AS day
              FROM generate_series(first_day::timestamp, last_day::timestamp, '1 day') AS d (day)
              JOIN stations AS s ON s.effective_from <= d.day
             ORDER BY s.code, d.day, s.effective_from DESC) AS described
      JOIN sensors ON sensors.station = described.code AND sensors.effective_from = described.effective_from
     CROSS JOIN LATERAL (
            SELECT extract(epoch FROM least(now(), (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                                      - described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')::float8 AS s
           ) AS elapsed
      LEFT JOIN reading_hours AS h
        ON h.station = described.code AND h.parameter = sensors.parameter
       AND h.hour_start >= described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
       AND h.hour_start < (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
     WHERE elapsed.s > 0
     GROUP BY described.code, sensors.parameter, sensors.cadence_s, described.day, elapsed.s
$$;

CREATE TABLE wqi (
    station      text COLLATE "C"  NOT NULL,
    "window"     text              NOT NULL CHECK ("window" IN ('hour', 'day')),
    window_start timestamptz       NOT NULL,
    value        smallint,
    reason       text              NOT NULL,
    parameters   text[]            NOT NULL,
    judged_count integer           NOT NULL,
    judged_until timestamptz       NOT NULL,
    PRIMARY KEY (station, "window", window_start)
);
COMMENT ON TABLE wqi IS 'VN_WQI (QĐ 1460/QĐ-TCMT) of hot spots; value NULL: it cannot be computed, and reason says why.';
COMMENT ON COLUMN wqi.judged_until IS 'The newest of the judged_count findings that it was computed from: another one makes it due again.';

CREATE TABLE sent_reports (
    kind      text         NOT NULL CHECK (kind IN ('day', 'month')),
    first_day date         NOT NULL,
    as_of     timestamptz  NOT NULL,
    sent_at   timestamptz  NOT NULL,
    PRIMARY KEY (kind, first_day)
);
COMMENT ON TABLE sent_reports IS 'Reports of the province that were mailed: a reporter that starts again does not send them twice.';
