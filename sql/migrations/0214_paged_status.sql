-- A station of which officers were told is not good: what it owes them (no usable reading for two hours) is an error, as a
-- device's fault is.
CREATE OR REPLACE VIEW station_statuses AS
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
               min(alert.since) FILTER (WHERE alert.kind = 'fault' AND alert.severity IN ('high', 'critical')
                                           OR alert.kind IN ('due', 'flooding', 'revision') AND handling.urgent) AS fault_since,
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
 CROSS JOIN LATERAL (SELECT is_silent(presence.last_received_at, sensors.slowest_s, now()) AS silent) AS silence
 CROSS JOIN LATERAL (
        SELECT station_rank(silence.silent, alarms.incident_since IS NOT NULL,
                            sensors.outside_at IS NOT NULL OR alarms.limit_since IS NOT NULL,
                            sensors.faulty_at IS NOT NULL OR alarms.fault_since IS NOT NULL,
                            sensors.adjusting_at IS NOT NULL, worst.share) AS rank
       ) AS verdict;

-- The incident that somebody had closed before this one is named beside it.
CREATE OR REPLACE VIEW incident_handling AS
SELECT incident.id, incident.topic, incident.state, incident.severity, incident.opened_at,
       first_paged(incident) AS paged_at,
       incident.holder, incident.cause, coalesce(incident.closed_at, incident.resolved_at) AS ended_at,
       taken.at AS taken_at, members.stations, members.places, members.parameters,
       page_was_right(incident) AS was_right, incident.follows
  FROM incidents AS incident
  LEFT JOIN LATERAL (
        SELECT min(event.at) AS at
          FROM incident_events AS event
         WHERE event.incident_id = incident.id AND event.actor <> ''
           AND event.what IN ('acknowledge', 'assign', 'snooze', 'close')
       ) AS taken ON true
  LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT alert.station) AS stations,
               string_agg(DISTINCT short_name(coalesce(station.name_vi, alert.station)), ', ') AS places,
               string_agg(DISTINCT nullif(alert.parameter, ''), ', ') AS parameters
          FROM incident_alerts AS member
          JOIN alerts AS alert ON alert.id = member.alert_id
          LEFT JOIN current_stations AS station ON station.code = alert.station
         WHERE member.incident_id = incident.id
       ) AS members ON true;
