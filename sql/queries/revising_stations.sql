-- Stations of which findings wait, or which lately sent readings again with other numbers.
WITH waiting AS (
    SELECT station, count(*) AS waiting, min(found_at) AS since,
           greatest(sum(revised_readings) FILTER (WHERE "window" = 'hour'),
                    sum(revised_readings) FILTER (WHERE "window" = 'day')) AS readings,
           count(*) FILTER (WHERE standing_verdict = 'exceeded' AND (verdict <> 'exceeded' OR cause = 'softened')) AS softened
      FROM pending_judgements WHERE state = 'waiting' GROUP BY station
), lately AS (
    SELECT station, count(*) AS readings, min(replaced_at) AS since
      FROM reading_revisions
     WHERE replaced_at > %(since)s AND replaced_by_partition >= 0 GROUP BY station
)
SELECT station, coalesce(waiting, 0), coalesce(softened, 0),
       greatest(coalesce(waiting.readings, 0), coalesce(lately.readings, 0))::bigint,
       least(waiting.since, lately.since)
  FROM waiting FULL JOIN lately USING (station)
