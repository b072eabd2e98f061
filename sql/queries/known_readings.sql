-- Hours, statuses and silences of a station as they were known at an instant, out of one look at its readings. The kind
-- says which; what a kind has no use for is NULL. A value goes to numeric through its shortest text, as in the sums.
WITH known AS MATERIALIZED (
    SELECT parameter, observed_at, date_bin('1 hour', observed_at, '2000-01-01 00:00:00+00') AS hour_start, status,
           received_at - observed_at > %(late_after)s AS late,
           CASE WHEN flag <= 2 AND status = '00' THEN value END AS usable
      FROM readings_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
), judged AS (
    SELECT parameter, window_start AS hour_start, limit_minimum, limit_maximum
      FROM judgements_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
     WHERE "window" = 'hour'
), numbered AS (
    -- Over all sensors at once. A number keeps the readings of one together as its name does, and sorts in half the time.
    SELECT parameter, status, observed_at, row_number() OVER (ORDER BY hashtextextended(parameter, 0), observed_at) AS place
      FROM known
), stretches AS (
    SELECT parameter, status, observed_at,
           place - row_number() OVER (PARTITION BY parameter, status ORDER BY observed_at) AS stretch
      FROM numbered
     WHERE status <> '00'
), instants AS (
    SELECT DISTINCT observed_at AS at FROM known
    UNION SELECT %(since)s::timestamptz
    UNION SELECT least(%(until)s::timestamptz, %(as_of)s::timestamptz)
), steps AS (
    SELECT lag(at) OVER (ORDER BY at) AS earlier, at FROM instants
)
SELECT 'hour' AS kind, parameter, hour_start AS starts, NULL AS ends, NULL AS status, count(*) AS readings,
       coalesce(sum(usable::text::numeric), 0) AS total, count(usable) AS usable, count(*) FILTER (WHERE late) AS late,
       min(usable) AS least, max(usable) AS most,
       count(*) FILTER (WHERE usable < limit_minimum OR usable > limit_maximum) AS beyond
  FROM known LEFT JOIN judged USING (parameter, hour_start)
 GROUP BY parameter, hour_start
 UNION ALL
SELECT 'status', parameter, min(observed_at), max(observed_at), status, count(*), NULL, NULL, NULL, NULL, NULL, NULL
  FROM stretches
 GROUP BY parameter, status, stretch
 UNION ALL
-- Stretches without any reading, the ends of the period included.
SELECT 'silence', NULL, earlier, at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM steps
 WHERE at - earlier > %(silent_after)s
 ORDER BY starts, parameter
