-- The highest of each drawn interval, so that no peak is hidden when months are shown, and the lowest where low is bad.
-- A gap of the data is a gap of the line: after the last value before it stands a row of NULL.
WITH sensor AS (
    SELECT station, parameter, cadence_s, minimum
      FROM sensor_latest
     WHERE station = ${station:sqlstring} AND parameter = ${parameter:sqlstring}
), drawn AS (
    SELECT $__timeGroupAlias(reading.observed_at, $__interval),
           max(reading.value) FILTER (WHERE reading.status = '00' AND reading.flag <= 2) AS highest,
           min(reading.value) FILTER (WHERE reading.status = '00' AND reading.flag <= 2 AND sensor.minimum IS NOT NULL)
               AS lowest,
           max(reading.value) FILTER (WHERE reading.status = '00' AND reading.flag = 3) AS suspect,
           max(reading.value) FILTER (WHERE reading.status = '00' AND reading.flag = 4) AS bad,
           max(reading.value) FILTER (WHERE reading.status = '01') AS calibrating,
           max(reading.value) FILTER (WHERE reading.status NOT IN ('00', '01')) AS fault,
           max(reading.observed_at) AS newest,
           max(sensor.cadence_s) AS cadence_s
      FROM sensor
      JOIN readings AS reading ON reading.station = sensor.station AND reading.parameter = sensor.parameter
     WHERE $__timeFilter(reading.observed_at)
     GROUP BY 1
), gaps AS (
    SELECT "time", newest, lead("time") OVER (ORDER BY "time") AS following, cadence_s
      FROM drawn
)
SELECT "time", highest, lowest, suspect, bad, calibrating, fault
  FROM drawn
 UNION ALL
SELECT "time" + INTERVAL '1 ms', NULL, NULL, NULL, NULL, NULL, NULL
  FROM gaps
 WHERE following - greatest("time", newest) > make_interval(secs => greatest(900, 3 * cadence_s))
 ORDER BY 1
