-- Alerts of a sensor, or of its whole station, whose condition held at an instant; and the incident of each.
SELECT a.id, a.rule, a.kind, a.page OR coalesce(m.pages, false), a.retrospective, a.explanation_vi, a.explanation_en,
       m.incident_id, i.reason, first_paged(i)
  FROM alerts a
  LEFT JOIN LATERAL (
        SELECT incident_id, pages FROM incident_alerts WHERE alert_id = a.id ORDER BY incident_id DESC LIMIT 1
       ) m ON true
  LEFT JOIN incidents i ON i.id = m.incident_id
 WHERE a.station = %(station)s AND a.parameter IN ('', %(parameter)s)
   AND a.since <= %(at)s AND (a.resolved_at IS NULL OR a.resolved_at >= %(at)s)
 ORDER BY a.id
