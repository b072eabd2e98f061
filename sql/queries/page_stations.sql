-- Every station in force, where it lies, and its status: the facts in one pass over all sensors and open alerts, what
-- follows from them as in the view station_statuses.
WITH sensors AS (
    SELECT reading.station,
           max(reading.cadence_s) AS slowest_s,
           bool_or(fresh AND usable AND (value < minimum OR value > maximum)) AS exceeds,
           bool_or(fresh AND status = '02') AS faulty,
           bool_or(fresh AND status = '01') AS adjusting,
           max(limit_share(value, minimum, maximum)) FILTER (WHERE fresh AND usable) AS share
      FROM (
           SELECT sensor.station, sensor.parameter, sensor.cadence_s, latest.value, latest.status,
                  latest.status = '00' AND latest.flag <= 2 AND latest.value IS NOT NULL AS usable,
                  latest.observed_at >= %(now)s::timestamptz
                      - make_interval(secs => greatest(900, 3 * sensor.cadence_s)) AS fresh
             FROM current_sensors AS sensor
             LEFT JOIN latest_readings AS latest
                    ON latest.station = sensor.station AND latest.parameter = sensor.parameter
           ) AS reading
      LEFT JOIN effective_limits AS effective
             ON effective.station = reading.station
            AND effective.parameter = reading.parameter
            AND NOT effective.day_only
            AND effective.effective_from <= (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            AND (effective.effective_to IS NULL
                 OR effective.effective_to > (%(now)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
     WHERE %(stations)s::text[] IS NULL OR reading.station = ANY (%(stations)s)
     GROUP BY reading.station
), alarms AS (
    SELECT station, count(*) AS open_alerts,
           bool_or(urgent AND kind = 'limit') AS exceeds,
           bool_or(severity IN ('high', 'critical') AND kind = 'fault'
                   OR urgent AND kind IN ('due', 'flooding', 'revision')) AS faulty,
           bool_or(urgent AND kind = 'anomaly') AS anomaly
      FROM (
           SELECT alert.station, alert.kind, alert.severity,
                  alert.severity IN ('high', 'critical') AND NOT alert.retrospective
                      AND (alert.page OR first_paged(incident) IS NOT NULL) AS urgent
             FROM alerts AS alert
             LEFT JOIN LATERAL (
                  SELECT incident_id FROM incident_alerts WHERE alert_id = alert.id ORDER BY incident_id DESC LIMIT 1
                 ) AS member ON true
             LEFT JOIN incidents AS incident ON incident.id = member.incident_id
            WHERE alert.resolved_at IS NULL AND (%(stations)s::text[] IS NULL OR alert.station = ANY (%(stations)s))
           ) AS open
     GROUP BY station
), grave AS (
    SELECT DISTINCT alert.station
      FROM incidents AS incident
      JOIN incident_alerts AS member ON member.incident_id = incident.id AND member.counts
      JOIN alerts AS alert ON alert.id = member.alert_id
     WHERE incident.state IN ('open', 'acknowledged', 'snoozed')
       AND incident.topic = 'water' AND incident.severity IN ('high', 'critical')
)
SELECT station.code, station.name_vi, station.name_en, station.kind, station.park, station.operator, station.longitude,
       station.latitude, station.illustration, presence.last_received_at, presence.last_observed_at,
       coalesce(alarms.open_alerts, 0),
       station_rank(is_silent(presence.last_received_at, sensors.slowest_s, %(now)s::timestamptz),
                    coalesce(alarms.anomaly, false) OR grave.station IS NOT NULL,
                    coalesce(sensors.exceeds, false) OR coalesce(alarms.exceeds, false),
                    coalesce(sensors.faulty, false) OR coalesce(alarms.faulty, false),
                    coalesce(sensors.adjusting, false), sensors.share)
  FROM current_stations AS station
  LEFT JOIN station_presence AS presence ON presence.station = station.code
  LEFT JOIN sensors ON sensors.station = station.code
  LEFT JOIN alarms ON alarms.station = station.code
  LEFT JOIN grave ON grave.station = station.code
 WHERE %(stations)s::text[] IS NULL OR station.code = ANY (%(stations)s)
 ORDER BY station.code
