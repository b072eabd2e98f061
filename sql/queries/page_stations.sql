-- What a station's status follows from, for every station in force, and where it lies.
SELECT station.code, station.name_vi, station.name_en, station.kind, station.park, station.operator, station.longitude,
       station.latitude, station.illustration, presence.last_received_at, presence.last_observed_at, sensors.slowest_s,
       sensors.exceeds, sensors.faulty, sensors.adjusting, sensors.share, coalesce(alarms.open_alerts, 0),
       coalesce(alarms.exceeds, false), coalesce(alarms.faulty, false)
  FROM current_stations AS station
  LEFT JOIN station_presence AS presence ON presence.station = station.code
  LEFT JOIN LATERAL (
       SELECT max(sensor.cadence_s) AS slowest_s,
              coalesce(bool_or(usable AND (value < minimum OR value > maximum)), false) AS exceeds,
              coalesce(bool_or(status = '02'), false) AS faulty,
              coalesce(bool_or(status = '01'), false) AS adjusting,
              coalesce(max(value / maximum) FILTER (WHERE usable AND maximum > 0 AND sensor.parameter <> 'pH'), 0) AS share
         FROM current_sensors AS sensor
         LEFT JOIN LATERAL (
              SELECT value, status, status = '00' AND flag <= 2 AND value IS NOT NULL AS usable
                FROM latest_readings AS latest
               WHERE latest.station = sensor.station AND latest.parameter = sensor.parameter
                 AND latest.observed_at > %(now)s::timestamptz - INTERVAL '1 day'
              ) AS reading ON true
         LEFT JOIN effective_limits AS effective
                ON effective.station = sensor.station
               AND effective.parameter = sensor.parameter
               AND NOT effective.day_only
               AND effective.effective_from <= (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
               AND (effective.effective_to IS NULL
                    OR effective.effective_to > (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
        WHERE sensor.station = station.code
       ) AS sensors ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS open_alerts,
              bool_or(kind = 'limit' AND severity IN ('high', 'critical')) AS exceeds,
              bool_or(kind = 'fault' AND severity IN ('high', 'critical')) AS faulty
         FROM alerts
        WHERE alerts.station = station.code AND resolved_at IS NULL
       ) AS alarms ON true
 WHERE %(stations)s::text[] IS NULL OR station.code = ANY (%(stations)s)
 ORDER BY station.code
