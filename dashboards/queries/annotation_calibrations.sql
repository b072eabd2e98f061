-- Runs of status 01 or 03 of a station's sensors; a run ends where none comes for a quarter of an hour or three cadences.
WITH held AS (
    SELECT reading.parameter, reading.status, reading.observed_at, sensor.cadence_s,
           reading.observed_at - lag(reading.observed_at) OVER sensors
               > make_interval(secs => greatest(900, 3 * sensor.cadence_s)) AS apart
      FROM current_sensors AS sensor
      JOIN readings AS reading ON reading.station = sensor.station AND reading.parameter = sensor.parameter
     WHERE sensor.station = ${station:sqlstring}
       AND reading.status IN ('01', '03')
       AND $__timeFilter(reading.observed_at)
    WINDOW sensors AS (PARTITION BY reading.parameter, reading.status ORDER BY reading.observed_at)
), runs AS (
    SELECT *, count(*) FILTER (WHERE coalesce(apart, true)) OVER (PARTITION BY parameter, status ORDER BY observed_at) AS run
      FROM held
), ends AS (
    SELECT parameter, status, run, min(observed_at) AS since, max(observed_at) AS until
      FROM runs
     GROUP BY 1, 2, 3
)
SELECT since AS time,
       max(until) AS timeend,
       CASE status WHEN '01' THEN 'Hiệu chuẩn ' ELSE 'Bảo trì ' END || string_agg(parameter, ', ' ORDER BY parameter) AS text,
       status AS tags
  FROM ends
 GROUP BY since, status
 ORDER BY 1
