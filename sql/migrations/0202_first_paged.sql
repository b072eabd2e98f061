-- When officers were told of an incident first: a relapse that pages nobody forgets when it was paged last.
CREATE FUNCTION first_paged(incident incidents) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT min(event.at) FROM incident_events AS event
                      WHERE event.incident_id = incident.id AND event.what = 'page'),
                    incident.paged_at)
$$;

CREATE OR REPLACE VIEW alert_handling AS
SELECT alert.id AS alert_id, incident.id AS incident_id, incident.state AS incident_state, incident.topic,
       least(sent.at, first_paged(incident)) AS told_at,
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

CREATE OR REPLACE VIEW incident_handling AS
SELECT incident.id, incident.topic, incident.state, incident.severity, incident.opened_at,
       first_paged(incident) AS paged_at,
       incident.holder, incident.cause, coalesce(incident.closed_at, incident.resolved_at) AS ended_at,
       taken.at AS taken_at, members.stations, members.places, members.parameters
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
