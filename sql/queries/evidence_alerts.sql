SELECT a.id, a.station, a.parameter, a.rule, a.kind, a.severity, a.since, a.opened_at, a.resolved_at, a.value,
       a.peak_value, a.limit_minimum, a.limit_maximum, a.limit_source, a.page, a.retrospective, a.explanation_vi,
       a.explanation_en, a.triage, a.triage_probability, a.triage_reasons_vi, a.triage_reasons_en, paged.paged_at,
       paged.triage AS paged_triage, paged.triage_probability AS paged_probability, a.acknowledged_at, a.acknowledged_by,
       a.closed_cause, a.recorded_at, a.recorded_by
  FROM incident_alerts m JOIN alerts a ON a.id = m.alert_id
  LEFT JOIN paged_assessments AS paged ON paged.alert_id = a.id
 WHERE m.incident_id = %(id)s
 ORDER BY a.id
