-- What dashboards show of stations and sensors at this moment, told once: map, tables and counts read the same rows.

CREATE FUNCTION short_name(name_vi text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(name_vi, '^(Trạm )?(Nước thải sau xử lý|Nước thải|Nước mặt) |\s*\(minh họa\)$', '', 'g')
$$;
COMMENT ON FUNCTION short_name IS 'A station''s name without what every station''s begins or ends with.';

-- 1 is the limit itself. Between two limits it counts from their middle: pH 7.5 of 6 to 9 is 0, 6 and 9 are 1.
CREATE FUNCTION limit_share(value double precision, minimum double precision, maximum double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN maximum > minimum THEN abs(2 * value - minimum - maximum) / (maximum - minimum)
                WHEN maximum > 0 THEN value / maximum
                WHEN minimum > 0 THEN minimum / greatest(value, minimum / 1000)
           END
$$;
COMMENT ON FUNCTION limit_share IS 'How much of what a limit allows is used: more than 1 is outside; NULL without a limit.';

CREATE VIEW sensor_latest AS
SELECT sensor.station, sensor.parameter, sensor.position, sensor.unit, sensor.cadence_s,
       effective.minimum, effective.maximum, effective.source,
       reading.observed_at, reading.received_at, reading.value, reading.status, reading.flag,
       reading.score, reading.score_reason,
       coalesce(reading.observed_at < now() - make_interval(secs => greatest(900, 3 * sensor.cadence_s)), true) AS stale,
       coalesce(reading.status = '00' AND reading.flag <= 2 AND reading.value IS NOT NULL, false) AS usable,
       coalesce(reading.value < effective.minimum OR reading.value > effective.maximum, false) AS outside,
       limit_share(reading.value, effective.minimum, effective.maximum) AS share
  FROM current_sensors AS sensor
  LEFT JOIN effective_limits AS effective
         ON effective.station = sensor.station
        AND effective.parameter = sensor.parameter
        AND NOT effective.day_only
        AND effective.effective_from <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
        AND (effective.effective_to IS NULL OR effective.effective_to > (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
  LEFT JOIN latest_readings AS reading
         ON reading.station = sensor.station AND reading.parameter = sensor.parameter;
COMMENT ON VIEW sensor_latest IS
    'The latest reading of every sensor beside the limit in force today; stale: older than 15 min and three cadences.';

-- Who was told of an alert and who has taken it, by whichever way: the alert's own messages or those of its incident.
CREATE VIEW alert_handling AS
SELECT alert.id AS alert_id, incident.id AS incident_id, incident.state AS incident_state, incident.topic,
       least(sent.at, incident.paged_at) AS told_at,
       coalesce(alert.acknowledged_by, incident.holder) AS taken_by,
       coalesce(alert.acknowledged_at, taken.at) AS taken_at,
       alert.severity IN ('high', 'critical') AND NOT alert.retrospective
           AND (alert.page OR incident.paged_at IS NOT NULL) AS urgent
  FROM alerts AS alert
  LEFT JOIN incident_alerts AS member ON member.alert_id = alert.id
  LEFT JOIN incidents AS incident ON incident.id = member.incident_id
  LEFT JOIN LATERAL (SELECT min(sent_at) AS at FROM outbox WHERE outbox.alert_id = alert.id) AS sent ON true
  LEFT JOIN LATERAL (
        SELECT min(event.at) AS at
          FROM incident_events AS event
         WHERE event.incident_id = incident.id AND event.what IN ('acknowledge', 'assign', 'snooze')
       ) AS taken ON true;
COMMENT ON VIEW alert_handling IS 'urgent: high or critical, and somebody was told of it or is to be.';

-- One status a station, the gravest that holds, in Envisoft's words: 0 good, 1 tendency, 2 preparing, 3 exceed,
-- 4 adjusting, 5 error, 6 offline; and 7 incident, which is ours. Tendency and preparing, 80 and 90 % of what a limit
-- allows, are practice and no rule of law.
CREATE VIEW station_statuses AS
SELECT station.code, short_name(station.name_vi) AS name, station.kind, station.park,
       station.longitude, station.latitude, verdict.rank,
       CASE verdict.rank WHEN 7 THEN alarms.incident_since
                         WHEN 3 THEN coalesce(alarms.limit_since, sensors.outside_at)
                         WHEN 5 THEN coalesce(alarms.fault_since, sensors.faulty_at)
                         WHEN 6 THEN presence.last_received_at
                         WHEN 4 THEN sensors.adjusting_at
       END AS since,
       worst.parameter AS worst_parameter, worst.share AS worst_share, worst.value AS worst_value,
       coalesce(alarms.open_alerts, 0) AS open_alerts, coalesce(alarms.urgent_alerts, 0) AS urgent_alerts,
       coalesce(presence.online, true) AND NOT silence.silent AS connected,
       presence.last_observed_at, presence.last_received_at
  FROM current_stations AS station
  LEFT JOIN station_presence AS presence ON presence.station = station.code
  LEFT JOIN LATERAL (
        SELECT max(latest.cadence_s) AS slowest_s,
               min(latest.observed_at) FILTER (WHERE latest.usable AND latest.outside AND NOT latest.stale) AS outside_at,
               min(latest.observed_at) FILTER (WHERE latest.status = '02' AND NOT latest.stale) AS faulty_at,
               min(latest.observed_at) FILTER (WHERE latest.status = '01' AND NOT latest.stale) AS adjusting_at
          FROM sensor_latest AS latest
         WHERE latest.station = station.code
       ) AS sensors ON true
  LEFT JOIN LATERAL (
        SELECT latest.parameter, latest.share, latest.value
          FROM sensor_latest AS latest
         WHERE latest.station = station.code AND latest.usable AND NOT latest.stale AND latest.share IS NOT NULL
         ORDER BY latest.share DESC, latest.position
         LIMIT 1
       ) AS worst ON true
  LEFT JOIN LATERAL (
        SELECT count(*) AS open_alerts,
               count(*) FILTER (WHERE handling.urgent) AS urgent_alerts,
               min(alert.since) FILTER (WHERE alert.kind = 'limit' AND handling.urgent) AS limit_since,
               min(alert.since) FILTER (WHERE alert.kind = 'fault' AND alert.severity IN ('high', 'critical')) AS fault_since,
               min(alert.since) FILTER (WHERE alert.kind = 'anomaly' AND handling.urgent) AS anomaly_since
          FROM alerts AS alert
          JOIN alert_handling AS handling ON handling.alert_id = alert.id
         WHERE alert.station = station.code AND alert.resolved_at IS NULL
       ) AS open ON true
  LEFT JOIN LATERAL (
        SELECT min(incident.opened_at) AS since
          FROM incidents AS incident
          JOIN incident_alerts AS member ON member.incident_id = incident.id AND member.counts
          JOIN alerts AS alert ON alert.id = member.alert_id
         WHERE incident.state IN ('open', 'acknowledged', 'snoozed')
           AND incident.topic = 'water' AND incident.severity IN ('high', 'critical')
           AND alert.station = station.code
       ) AS incident ON true
 CROSS JOIN LATERAL (
        SELECT open.open_alerts, open.urgent_alerts, open.limit_since, open.fault_since,
               least(open.anomaly_since, incident.since) AS incident_since
       ) AS alarms
 CROSS JOIN LATERAL (
        SELECT presence.last_received_at IS NULL
               OR presence.last_received_at < now() - make_interval(secs => greatest(900, 3 * sensors.slowest_s)) AS silent
       ) AS silence
 CROSS JOIN LATERAL (
        SELECT CASE WHEN silence.silent AND alarms.incident_since IS NOT NULL THEN 7
                    WHEN silence.silent THEN 6
                    WHEN sensors.outside_at IS NOT NULL OR alarms.limit_since IS NOT NULL THEN 3
                    WHEN alarms.incident_since IS NOT NULL THEN 7
                    WHEN sensors.faulty_at IS NOT NULL OR alarms.fault_since IS NOT NULL THEN 5
                    WHEN sensors.adjusting_at IS NOT NULL THEN 4
                    WHEN worst.share >= 0.9 THEN 2
                    WHEN worst.share >= 0.8 THEN 1
                    ELSE 0
               END AS rank
       ) AS verdict;
COMMENT ON VIEW station_statuses IS
    'Offline: nothing received for 15 min, or for three of its slowest readings where it reports more seldom.';

-- How often each officer was told, without address or text.
CREATE VIEW officer_pages AS
SELECT (created_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, coalesce(person, '') AS person,
       coalesce(notice, 'alert') AS notice, channel, count(*) AS messages, count(*) FILTER (WHERE sent_at IS NOT NULL) AS sent
  FROM outbox
 GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW officer_pages IS 'person: code of the rota, empty where the address is of no person.';

CREATE FUNCTION limit_text(minimum double precision, maximum double precision)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT replace(CASE WHEN minimum IS NOT NULL AND maximum IS NOT NULL
                        THEN trim_scale(round(minimum::numeric, 4)) || '–' || trim_scale(round(maximum::numeric, 4))
                        WHEN maximum IS NOT NULL THEN '≤ ' || trim_scale(round(maximum::numeric, 4))
                        WHEN minimum IS NOT NULL THEN '≥ ' || trim_scale(round(minimum::numeric, 4))
                   END, '.', ',')
$$;
COMMENT ON FUNCTION limit_text IS 'A limit as officers write it: 6–9, ≤ 121,5, ≥ 5.';

-- A session starts with message 0; a hole of more than ten million is a leap of the numbering and no missing messages.
CREATE VIEW missing_messages AS
SELECT feed.station, feed.session, feed.last_received_at, upper(gap) - lower(gap) AS messages
  FROM feeds AS feed,
       unnest(int8multirange(int8range(0, greatest(upper(feed.seen), 0))) - feed.seen) AS gap
 WHERE upper(gap) - lower(gap) <= 10000000;
COMMENT ON VIEW missing_messages IS 'Holes in the numbering of loggers: one row a hole.';
