-- The limit in force today of every sensor: coefficients applied, the permit before the standard.
limits AS (
    SELECT sensor.station,
           sensor.parameter,
           sensor.unit,
           CASE WHEN permit.parameter IS NULL THEN standard.minimum ELSE permit.minimum END AS minimum,
           CASE WHEN permit.parameter IS NULL
                THEN standard.maximum * CASE WHEN standard.coefficients_apply THEN station.kq * station.kf ELSE 1 END
                ELSE permit.maximum
           END AS maximum,
           coalesce(permit.source, standard.limit_set) AS source
      FROM current_sensors AS sensor
      JOIN current_stations AS station ON station.code = sensor.station
      LEFT JOIN LATERAL (
           SELECT v.limit_set, v.minimum, v.maximum, v.coefficients_apply
             FROM limit_sets AS s
             JOIN limit_values AS v ON v.limit_set = s.code AND v.effective_from = s.effective_from
            WHERE s.code = station.limit_set
              AND v.parameter = sensor.parameter
              AND s.effective_from <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
              AND (s.effective_to IS NULL OR s.effective_to > (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
            ORDER BY s.effective_from DESC
            LIMIT 1
           ) AS standard ON true
      LEFT JOIN LATERAL jsonb_to_recordset(station.permit_limits)
                AS permit(parameter text, minimum float8, maximum float8, source text)
             ON permit.parameter = sensor.parameter
)
