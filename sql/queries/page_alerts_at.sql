-- Alerts of a sensor, or of its whole station, whose condition held at an instant; and the incident of each.
SELECT a.id, a.rule, a.kind, a.page, a.retrospective, a.explanation_vi, a.explanation_en, m.incident_id, i.reason,
       i.paged_at
  FROM alerts a
  LEFT JOIN incident_alerts m ON m.alert_id = a.id
  LEFT JOIN incidents i ON i.id = m.incident_id
 WHERE a.station = %(station)s AND a.parameter IN ('', %(parameter)s)
   AND a.since <= %(at)s AND (a.resolved_at IS NULL OR a.resolved_at >= %(at)s)
 ORDER BY a.id
