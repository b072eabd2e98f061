-- What a station's status follows from, for every station in force, and where it lies. One pass over all sensors.
WITH sensors AS (
    SELECT sensor.station,
           max(sensor.cadence_s) AS slowest_s,
           bool_or(usable AND (value < minimum OR value > maximum)) AS exceeds,
           bool_or(status = '02') AS faulty,
           bool_or(status = '01') AS adjusting,
           max(value / maximum) FILTER (WHERE usable AND maximum > 0 AND sensor.parameter <> 'pH') AS share
      FROM current_sensors AS sensor
      LEFT JOIN (
           SELECT station, parameter, value, status, status = '00' AND flag <= 2 AND value IS NOT NULL AS usable
             FROM latest_readings
            WHERE observed_at > %(now)s::timestamptz - INTERVAL '1 day'
           ) AS reading ON reading.station = sensor.station AND reading.parameter = sensor.parameter
      LEFT JOIN effective_limits AS effective
             ON effective.station = sensor.station
            AND effective.parameter = sensor.parameter
            AND NOT effective.day_only
            AND effective.effective_from <= (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            AND (effective.effective_to IS NULL
                 OR effective.effective_to > (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
     WHERE %(stations)s::text[] IS NULL OR sensor.station = ANY (%(stations)s)
     GROUP BY sensor.station
), alarms AS (
    SELECT station, count(*) AS open_alerts,
           bool_or(kind = 'limit' AND severity IN ('high', 'critical')) AS exceeds,
           bool_or(kind = 'fault' AND severity IN ('high', 'critical')) AS faulty
      FROM alerts
     WHERE resolved_at IS NULL AND (%(stations)s::text[] IS NULL OR station = ANY (%(stations)s))
     GROUP BY station
)
SELECT station.code, station.name_vi, station.name_en, station.kind, station.park, station.operator, station.longitude,
       station.latitude, station.illustration, presence.last_received_at, presence.last_observed_at, sensors.slowest_s,
       coalesce(sensors.exceeds, false), coalesce(sensors.faulty, false), coalesce(sensors.adjusting, false),
       coalesce(sensors.share, 0), coalesce(alarms.open_alerts, 0), coalesce(alarms.exceeds, false),
       coalesce(alarms.faulty, false)
  FROM current_stations AS station
  LEFT JOIN station_presence AS presence ON presence.station = station.code
  LEFT JOIN sensors ON sensors.station = station.code
  LEFT JOIN alarms ON alarms.station = station.code
 WHERE %(stations)s::text[] IS NULL OR station.code = ANY (%(stations)s)
 ORDER BY station.code
