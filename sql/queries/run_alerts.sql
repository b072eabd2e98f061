SELECT a.id, a.station, a.parameter, a.rule, a.kind, a.since, a.opened_at, opened.at, a.page, a.acknowledged_by,
       a.acknowledged_at, a.explanation_vi
  FROM alerts AS a
 CROSS JOIN LATERAL (SELECT min(created_at) AS at FROM alert_transitions WHERE alert_id = a.id) AS opened
 WHERE a.station = ANY (%(stations)s) AND opened.at >= %(start)s AND a.opened_at >= %(start)s
 ORDER BY a.id
