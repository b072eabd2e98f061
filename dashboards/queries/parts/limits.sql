-- The limit in force today of every sensor's readings, as it was stored by the last import.
limits AS (
    SELECT sensor.station,
           sensor.parameter,
           sensor.unit,
           effective.minimum,
           effective.maximum,
           effective.source
      FROM current_sensors AS sensor
      LEFT JOIN effective_limits AS effective
             ON effective.station = sensor.station
            AND effective.parameter = sensor.parameter
            AND NOT effective.day_only
            AND effective.effective_from <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            AND (effective.effective_to IS NULL
                 OR effective.effective_to > (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
)
