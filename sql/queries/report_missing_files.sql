-- Of stations that send files: the instants between neighbouring ones at which no sensor has a reading, the longest gap
-- first. A file that came and was refused as a whole lies among the dead letters.
WITH sending AS (
    SELECT DISTINCT station FROM receipts
     WHERE by_file AND hour_start >= %(since)s::timestamptz - INTERVAL '60 days'
       AND (%(station)s::text IS NULL OR station = %(station)s)
), cadence AS (
    SELECT station, min(cadence_s) AS cadence_s FROM current_sensors JOIN sending USING (station) GROUP BY station
), stamped AS (
    SELECT DISTINCT station, observed_at
      FROM readings JOIN sending USING (station)
     WHERE observed_at >= %(since)s AND observed_at <= %(until)s
    UNION
    SELECT station, edge
      FROM sending, (VALUES (%(since)s::timestamptz), (%(until)s::timestamptz)) AS edges (edge)
), neighbours AS (
    SELECT station, observed_at AS after, lead(observed_at) OVER (PARTITION BY station ORDER BY observed_at) AS before
      FROM stamped
)
SELECT station, after, before, greatest(1, round(extract(epoch FROM before - after) / cadence_s)::bigint - 1) AS files
  FROM neighbours JOIN cadence USING (station)
 WHERE before - after > make_interval(secs => 1.5 * cadence_s)
 ORDER BY files DESC, station, after
 LIMIT %(limit)s
