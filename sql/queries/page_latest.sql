-- The latest reading of each sensor of a station, against its limit of today.
SELECT sensor.parameter, sensor.unit, reading.observed_at, reading.received_at, reading.value, reading.status,
       reading.flag, reading.score, effective.minimum, effective.maximum, effective.source
  FROM current_sensors AS sensor
  LEFT JOIN latest_readings AS reading
         ON reading.station = sensor.station AND reading.parameter = sensor.parameter
  LEFT JOIN effective_limits AS effective
         ON effective.station = sensor.station
        AND effective.parameter = sensor.parameter
        AND NOT effective.day_only
        AND effective.effective_from <= (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
        AND (effective.effective_to IS NULL
             OR effective.effective_to > (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
 WHERE sensor.station = %(station)s
 ORDER BY sensor.position, sensor.parameter
