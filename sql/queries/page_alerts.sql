SELECT id, station, parameter, rule, kind, severity, opened_at, since, resolved_at, acknowledged_at, acknowledged_by,
       closed_cause, value, peak_value, limit_minimum, limit_maximum, limit_source, explanation_vi, explanation_en,
       page, retrospective, alerts.triage, alerts.triage_probability, triage_reasons_vi, triage_reasons_en,
       paged.paged_at, paged.triage, paged.triage_probability
  FROM alerts
  LEFT JOIN paged_assessments AS paged ON paged.alert_id = alerts.id
 WHERE (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
   AND (%(station)s::text IS NULL OR station = %(station)s)
   AND (NOT %(only_open)s OR resolved_at IS NULL)
 ORDER BY id DESC
 LIMIT %(limit)s
