-- One status a station, in Envisoft's words: 0 good, 1 tendency, 2 preparing, 3 exceed, 4 adjusting, 5 error, 6 offline.
-- Offline: nothing received for 15 minutes, or for three of its slowest readings where it reports more seldom.
-- Tendency and preparing, 80 and 90 % of the maximum, are practice and no rule of law; pH has no such share.
statuses AS (
    SELECT station.code AS station,
           CASE WHEN presence.last_received_at IS NULL
                  OR presence.last_received_at < now() - make_interval(secs => greatest(900, 3 * sensors.slowest_s))
                THEN 6
                WHEN sensors.exceeds OR alarms.exceeds THEN 3
                WHEN sensors.faulty OR alarms.faulty THEN 5
                WHEN sensors.adjusting THEN 4
                WHEN sensors.share >= 0.9 THEN 2
                WHEN sensors.share >= 0.8 THEN 1
                ELSE 0
           END AS rank,
           presence.online,
           presence.last_received_at,
           presence.last_observed_at,
           coalesce(alarms.open_alerts, 0) AS open_alerts
      FROM current_stations AS station
      LEFT JOIN station_presence AS presence ON presence.station = station.code
      LEFT JOIN LATERAL (
           SELECT max(sensor.cadence_s) AS slowest_s,
                  coalesce(bool_or(latest.usable AND latest.share > 1), false) AS exceeds,
                  coalesce(bool_or(latest.status = '02'), false) AS faulty,
                  coalesce(bool_or(latest.status = '01'), false) AS adjusting,
                  coalesce(max(latest.share) FILTER (WHERE latest.usable AND latest.parameter <> 'pH'), 0) AS share
             FROM current_sensors AS sensor
             LEFT JOIN latest
                    ON latest.station = sensor.station
                   AND latest.parameter = sensor.parameter
                   AND latest.observed_at > now() - INTERVAL '1 day'
            WHERE sensor.station = station.code
           ) AS sensors ON true
      LEFT JOIN LATERAL (
           SELECT count(*) AS open_alerts,
                  bool_or(kind = 'limit' AND severity IN ('high', 'critical')) AS exceeds,
                  bool_or(kind = 'fault' AND severity IN ('high', 'critical')) AS faulty
             FROM alerts
            WHERE alerts.station = station.code AND resolved_at IS NULL
           ) AS alarms ON true
)
