-- Stretches in which a logger said 01 or 02, by sensor, with a break of an hour between two.
SELECT parameter, status, min(observed_at), max(observed_at), count(*)
  FROM (SELECT parameter, status, observed_at,
               count(*) FILTER (WHERE gap) OVER (PARTITION BY parameter, status ORDER BY observed_at) AS stretch
          FROM (SELECT parameter, status, observed_at,
                       observed_at - lag(observed_at) OVER (PARTITION BY parameter, status ORDER BY observed_at)
                           > INTERVAL '1 hour' AS gap
                  FROM readings
                 WHERE station = %(station)s AND observed_at >= %(since)s AND observed_at < %(until)s
                   AND status <> '00') marked) stretched
 GROUP BY parameter, status, stretch
 ORDER BY 3 DESC
 LIMIT 30
