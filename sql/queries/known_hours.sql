-- Hours of a station as they were known at an instant. A value goes to numeric through its shortest text, as in the sums.
WITH known AS (
    SELECT parameter,
           date_bin('1 hour', observed_at, '2000-01-01 00:00:00+00') AS hour_start,
           received_at - observed_at > %(late_after)s AS late,
           CASE WHEN flag <= 2 AND status = '00' THEN value END AS usable
      FROM readings_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
), judged AS (
    SELECT parameter, window_start AS hour_start, limit_minimum, limit_maximum
      FROM judgements_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
     WHERE "window" = 'hour'
)
SELECT parameter, hour_start,
       coalesce(sum(usable::text::numeric), 0),
       count(usable),
       count(*),
       count(*) FILTER (WHERE late),
       min(usable),
       max(usable),
       count(*) FILTER (WHERE usable < limit_minimum OR usable > limit_maximum)
  FROM known LEFT JOIN judged USING (parameter, hour_start)
 GROUP BY parameter, hour_start
 ORDER BY parameter, hour_start
