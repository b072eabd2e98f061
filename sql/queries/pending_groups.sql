-- What waits for an officer, by station and parameter. Hours and their day hold the same readings.
WITH waiting AS (
    SELECT * FROM pending_judgements
     WHERE state = 'waiting'
       AND (%(station)s::text IS NULL OR station = %(station)s)
       AND (%(parameter)s::text IS NULL OR parameter = %(parameter)s)
), changes AS (
    SELECT station, parameter, jsonb_agg(jsonb_build_array(standing_verdict, verdict, findings) ORDER BY findings DESC,
                                         standing_verdict, verdict) AS changes
      FROM (SELECT station, parameter, standing_verdict, verdict, count(*) AS findings
              FROM waiting GROUP BY station, parameter, standing_verdict, verdict) AS counted
     GROUP BY station, parameter
)
SELECT station, parameter, min(window_start),
       max(window_start + CASE "window" WHEN 'day' THEN INTERVAL '24 hours' ELSE INTERVAL '1 hour' END),
       count(*) FILTER (WHERE "window" = 'hour'), count(*) FILTER (WHERE "window" = 'day'),
       greatest(sum(revised_readings) FILTER (WHERE "window" = 'day'),
                sum(revised_readings) FILTER (WHERE "window" = 'hour'))::bigint,
       max(id), min(changes.changes::text)::jsonb
  FROM waiting JOIN changes USING (station, parameter)
 GROUP BY station, parameter
 ORDER BY station, parameter
 LIMIT %(limit)s
