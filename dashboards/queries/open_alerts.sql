SELECT handling.incident_id AS incident,
       alert.severity,
       short_name(coalesce(station.name_vi, alert.station)) AS name,
       nullif(alert.parameter, '') AS parameter,
       concat_ws(' / ', replace(trim_scale(round(coalesce(alert.peak_value, alert.value)::numeric, 2))::text, '.', ','),
                 limit_text(alert.limit_minimum, alert.limit_maximum)) AS value,
       alert.since,
       alert.triage,
       CASE WHEN paged.triage = alert.triage THEN paged.triage_probability END AS paged_probability,
       alert.triage_probability,
       handling.told_at,
       handling.taken_by,
       concat_ws(' ', alert.explanation_vi, 'Lý do: ' || nullif(array_to_string(alert.triage_reasons_vi, '; '), '') || '.')
           AS explanation,
       alert.kind,
       alert.station AS code
  FROM alerts AS alert
  JOIN alert_handling AS handling ON handling.alert_id = alert.id
  LEFT JOIN paged_assessments AS paged ON paged.alert_id = alert.id
  LEFT JOIN current_stations AS station ON station.code = alert.station
 WHERE alert.resolved_at IS NULL
   AND alert.station IN (${stations:sqlstring})
 ORDER BY handling.urgent DESC, array_position(ARRAY['critical', 'high', 'warning', 'info'], alert.severity),
          alert.since DESC, alert.id DESC
 LIMIT 200
