SELECT m.incident_id, a.id, m.transition_id, a.station, a.parameter, a.rule, a.kind, a.severity, a.page OR m.pages, m.park,
       a.since, m.joined_at, a.resolved_at, m.counts, a.explanation_vi, a.explanation_en
  FROM incident_alerts m
  JOIN alerts a ON a.id = m.alert_id
 WHERE m.incident_id = ANY(%(ids)s)
 ORDER BY m.incident_id, m.transition_id
