SELECT id, station, parameter, rule, kind, severity, opened_at, since, resolved_at, acknowledged_at, acknowledged_by,
       closed_cause, value, peak_value, limit_minimum, limit_maximum, limit_source, explanation_vi, explanation_en,
       page, retrospective, alerts.triage, alerts.triage_probability, triage_reasons_vi, triage_reasons_en,
       paged.paged_at, paged.triage, paged.triage_probability
  FROM alerts
  LEFT JOIN paged_assessments AS paged ON paged.alert_id = alerts.id
 WHERE (NOT %(only_open)s OR resolved_at IS NULL)
   AND (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(parameter)s::text IS NULL OR parameter = %(parameter)s)
   AND (%(kind)s::text IS NULL OR kind = %(kind)s)
   AND (%(since)s::timestamptz IS NULL OR coalesce(resolved_at, 'infinity') >= %(since)s)
 ORDER BY id DESC
 LIMIT %(limit)s
