SELECT i.id, i.state, i.holder, i.cause, i.cause_text
  FROM incident_alerts AS m JOIN incidents AS i ON i.id = m.incident_id
 WHERE m.alert_id = %(id)s
 ORDER BY i.id DESC
 LIMIT 1
