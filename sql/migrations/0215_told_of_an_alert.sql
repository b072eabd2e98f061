-- When officers were told of an alert: by a page of its own, or by the first of its incident since it was put there. Both
-- instants of the incident are of one clock, its step's; when the alert opened is of another, its worker's.
CREATE OR REPLACE VIEW alert_handling AS
SELECT alert.id AS alert_id, incident.id AS incident_id, incident.state AS incident_state, incident.topic,
       least(sent.at, (
             SELECT min(event.at)
               FROM incident_events AS event
              WHERE event.incident_id = incident.id AND (event.what = 'page' OR event.reason = 'in_digest')
                AND event.at >= coalesce(placed.at, alert.opened_at))) AS told_at,
       coalesce(alert.acknowledged_by, incident.holder) AS taken_by,
       coalesce(alert.acknowledged_at, taken.at) AS taken_at,
       alert.severity IN ('high', 'critical') AND NOT alert.retrospective
           AND (alert.page OR told.at IS NOT NULL) AS urgent
  FROM alerts AS alert
  LEFT JOIN LATERAL (
        SELECT incident_id, transition_id
          FROM incident_alerts WHERE alert_id = alert.id ORDER BY incident_id DESC LIMIT 1
       ) AS member ON true
  LEFT JOIN incidents AS incident ON incident.id = member.incident_id
  LEFT JOIN incident_transitions AS placed ON placed.transition_id = member.transition_id
 CROSS JOIN LATERAL (SELECT first_paged(incident) AS at) AS told
  LEFT JOIN LATERAL (SELECT min(sent_at) AS at FROM outbox WHERE outbox.alert_id = alert.id) AS sent ON true
  LEFT JOIN LATERAL (
        SELECT min(event.at) AS at
          FROM incident_events AS event
         WHERE event.incident_id = incident.id AND event.what IN ('acknowledge', 'assign', 'snooze')
       ) AS taken ON true;
