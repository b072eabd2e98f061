-- Gaps of more than one and a half cadences between neighbouring readings of a sensor, the longest first; the first gap
-- begins at the beginning of the time asked for, the last one ends at its end. Copies of a drill only when they are named.
WITH sensor AS (
    SELECT station, parameter, cadence_s
      FROM current_sensors
     WHERE CASE WHEN %(station)s::text IS NULL THEN NOT starts_with(station, %(drill)s) ELSE station = %(station)s END
), seen AS (
    SELECT station, parameter, observed_at
      FROM readings
     WHERE observed_at >= %(since)s AND observed_at <= %(until)s
       AND (%(station)s::text IS NULL OR station = %(station)s)
    UNION ALL
    SELECT station, parameter, edge
      FROM sensor, (VALUES (%(since)s::timestamptz), (%(until)s::timestamptz)) AS edges (edge)
), neighbours AS (
    SELECT station, parameter, observed_at AS after,
           lead(observed_at) OVER (PARTITION BY station, parameter ORDER BY observed_at) AS before
      FROM seen
)
SELECT station, parameter, after, before,
       greatest(1, round(extract(epoch FROM before - after) / cadence_s)::bigint - 1) AS readings
  FROM neighbours JOIN sensor USING (station, parameter)
 WHERE before - after > make_interval(secs => 1.5 * cadence_s)
 ORDER BY readings DESC, station, parameter, after
 LIMIT %(limit)s
