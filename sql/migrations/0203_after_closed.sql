-- An incident that a person has closed stays closed with its cause; what comes after is another, which names it.
ALTER TABLE incidents
    ADD COLUMN closed_by text,
    ADD COLUMN follows bigint REFERENCES incidents (id);
COMMENT ON COLUMN incidents.follows IS 'The incident of the same station that somebody had closed shortly before this one, or whose alerts lasted.';
UPDATE incidents SET closed_by = (SELECT event.actor FROM incident_events AS event
                                   WHERE event.incident_id = incidents.id AND event.what = 'close'
                                   ORDER BY event.id DESC LIMIT 1)
 WHERE state = 'closed';
ALTER TABLE incidents ADD CHECK (closed_by IS NULL OR state = 'closed');

CREATE FUNCTION closing_of(of_incident bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', id, 'closed_at', closed_at, 'closed_by', closed_by, 'cause', cause,
                              'cause_text', cause_text)
      FROM incidents WHERE id = of_incident
$$;

-- An alert that lasts belongs to the closed incident, and once it is graver to the one after as well.
DROP INDEX incident_alerts_alert;
CREATE INDEX incident_alerts_alert ON incident_alerts (alert_id, incident_id);
ALTER TABLE incident_alerts ADD COLUMN pages boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN incident_alerts.pages IS 'Officers are told of it in this incident, whatever the alert itself says.';

CREATE OR REPLACE VIEW alert_handling AS
SELECT alert.id AS alert_id, incident.id AS incident_id, incident.state AS incident_state, incident.topic,
       least(sent.at, first_paged(incident)) AS told_at,
       coalesce(alert.acknowledged_by, incident.holder) AS taken_by,
       coalesce(alert.acknowledged_at, taken.at) AS taken_at,
       alert.severity IN ('high', 'critical') AND NOT alert.retrospective
           AND (alert.page OR incident.paged_at IS NOT NULL) AS urgent
  FROM alerts AS alert
  LEFT JOIN LATERAL (
        SELECT incident_id FROM incident_alerts WHERE alert_id = alert.id ORDER BY incident_id DESC LIMIT 1
       ) AS member ON true
  LEFT JOIN incidents AS incident ON incident.id = member.incident_id
  LEFT JOIN LATERAL (SELECT min(sent_at) AS at FROM outbox WHERE outbox.alert_id = alert.id) AS sent ON true
  LEFT JOIN LATERAL (
        SELECT min(event.at) AS at
          FROM incident_events AS event
         WHERE event.incident_id = incident.id AND event.what IN ('acknowledge', 'assign', 'snooze')
       ) AS taken ON true;
