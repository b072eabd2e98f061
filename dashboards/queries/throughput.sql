-- Sensor by sensor, so that the primary key serves it; a scan by time alone would read whole chunks.
SELECT $__timeGroupAlias(reading.observed_at, $__interval),
       count(*) FILTER (WHERE reading.status = '00' AND reading.flag <= 2) / ($__interval_ms / 60000.0) AS usable,
       count(*) FILTER (WHERE reading.status <> '00' OR reading.flag > 2) / ($__interval_ms / 60000.0) AS flagged,
       count(*) FILTER (WHERE reading.late) / ($__interval_ms / 60000.0) AS late
  FROM current_sensors AS sensor
 CROSS JOIN LATERAL (
       SELECT observed_at, status, flag, late
         FROM readings
        WHERE readings.station = sensor.station
          AND readings.parameter = sensor.parameter
          AND $__timeFilter(observed_at)
       ) AS reading
 WHERE sensor.station IN (${stations:sqlstring})
 GROUP BY 1
 ORDER BY 1
