SELECT t.id, t.alert_id, t.kind, t.reason, t.observed_at, t.value, t.severity, t.created_at
  FROM incident_alerts m JOIN alert_transitions t ON t.alert_id = m.alert_id
 WHERE m.incident_id = %(id)s
 ORDER BY t.id
