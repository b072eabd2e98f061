-- Stations of which findings wait, or which lately sent readings again with other numbers.
WITH waiting AS (
    SELECT station, count(*) AS waiting, min(found_at) AS since,
           greatest(sum(revised_readings) FILTER (WHERE "window" = 'hour'),
                    sum(revised_readings) FILTER (WHERE "window" = 'day')) AS readings,
           count(*) FILTER (WHERE standing_verdict = 'exceeded' AND (verdict <> 'exceeded' OR cause = 'softened')) AS softened
      FROM pending_judgements WHERE state = 'waiting' GROUP BY station
), again AS MATERIALIZED (
    SELECT station, parameter, observed_at, value, replaced_at
      FROM reading_revisions
     WHERE replaced_at > %(since)s AND replaced_by_partition >= 0
), lately AS (
    SELECT station, count(*) AS readings, min(replaced_at) AS since FROM again GROUP BY station
), harmless AS (
    -- Readings beyond a limit, of which an alert was told, that were sent again within it: before their hour was judged
    -- no finding waits for that.
    SELECT again.station, count(DISTINCT (again.parameter, again.observed_at)) AS readings
      FROM again
      JOIN alerts ON alerts.station = again.station AND alerts.parameter = again.parameter
                 AND alerts.kind = 'limit' AND again.observed_at >= alerts.since
                 AND again.observed_at <= coalesce(alerts.resolved_at, 'infinity')
                 AND (again.value > alerts.limit_maximum OR again.value < alerts.limit_minimum)
      JOIN LATERAL (
           SELECT readings.value
             FROM readings
            WHERE readings.station = again.station AND readings.parameter = again.parameter
              AND readings.observed_at = again.observed_at
           OFFSET 0
           ) AS kept ON (kept.value > alerts.limit_maximum OR kept.value < alerts.limit_minimum) IS NOT TRUE
     GROUP BY again.station
)
SELECT station, coalesce(waiting, 0), coalesce(softened, 0), coalesce(harmless.readings, 0),
       greatest(coalesce(waiting.readings, 0), coalesce(lately.readings, 0))::bigint,
       least(waiting.since, lately.since)
  FROM waiting FULL JOIN lately USING (station) LEFT JOIN harmless USING (station)
