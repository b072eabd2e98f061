-- Why each change of an incident's alerts was put into it.
SELECT t.alert_id, t.kind, p.reason, p.at
  FROM incident_transitions p
  JOIN alert_transitions t ON t.id = p.transition_id
 WHERE p.incident_id = %(id)s
 ORDER BY p.transition_id
