-- Sensors of which something is wrong now: an open alert of the device, or a defect of what they send since the last
-- reading that could be used.
SELECT short_name(station.name_vi) AS name,
       sensor.parameter,
       CASE WHEN alert.id IS NOT NULL THEN coalesce(alert.explanation_vi, alert.rule) ELSE presence.defect END AS what,
       coalesce(alert.since, presence.defect_at) AS since,
       alert.id AS alert,
       presence.usable_observed_at AS last_usable_at,
       sensor.station AS code
  FROM current_sensors AS sensor
  JOIN current_stations AS station ON station.code = sensor.station
  LEFT JOIN sensor_presence AS presence ON presence.station = sensor.station AND presence.parameter = sensor.parameter
  LEFT JOIN LATERAL (
        SELECT id, explanation_vi, rule, since
          FROM alerts
         WHERE alerts.station = sensor.station AND alerts.parameter = sensor.parameter
           AND resolved_at IS NULL AND kind = 'fault'
         ORDER BY since
         LIMIT 1
       ) AS alert ON true
 WHERE sensor.station IN (${stations:sqlstring})
   AND (alert.id IS NOT NULL
        OR presence.defect IS NOT NULL AND presence.defect_at > coalesce(presence.usable_observed_at, '-infinity'))
 ORDER BY since, sensor.station, sensor.position
