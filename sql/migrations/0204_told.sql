-- What was told: officers were paged of it, or read of it in the digest of a storm. Who takes a work item in hand, or an
-- incident that is held back, was told by nobody.
CREATE OR REPLACE FUNCTION first_paged(incident incidents) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min(event.at) FROM incident_events AS event
     WHERE event.incident_id = incident.id AND (event.what = 'page' OR event.reason = 'in_digest')
$$;
COMMENT ON FUNCTION first_paged IS 'When officers were told of an incident first; NULL: never.';

-- The one rule of what a page was: alerts.oncall.precision computes from it as well.
CREATE FUNCTION page_was_right(incident incidents) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN incident.cause IN ('pollution', 'process_upset') THEN true
                WHEN incident.cause IN ('sensor_fault', 'calibration', 'communication', 'false_alarm') THEN false
           END
     WHERE first_paged(incident) IS NOT NULL
$$;
COMMENT ON FUNCTION page_was_right IS 'NULL: nobody was told, no cause so far, a drill or something else.';

CREATE OR REPLACE VIEW alert_handling AS
SELECT alert.id AS alert_id, incident.id AS incident_id, incident.state AS incident_state, incident.topic,
       least(sent.at, told.at) AS told_at,
       coalesce(alert.acknowledged_by, incident.holder) AS taken_by,
       coalesce(alert.acknowledged_at, taken.at) AS taken_at,
       alert.severity IN ('high', 'critical') AND NOT alert.retrospective
           AND (alert.page OR told.at IS NOT NULL) AS urgent
  FROM alerts AS alert
  LEFT JOIN LATERAL (
        SELECT incident_id FROM incident_alerts WHERE alert_id = alert.id ORDER BY incident_id DESC LIMIT 1
       ) AS member ON true
  LEFT JOIN incidents AS incident ON incident.id = member.incident_id
 CROSS JOIN LATERAL (SELECT first_paged(incident) AS at) AS told
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
       taken.at AS taken_at, members.stations, members.places, members.parameters,
       page_was_right(incident) AS was_right
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
