SELECT alert.since,
       alert.severity,
       alert.kind,
       coalesce(station.name_vi, alert.station) AS station,
       alert.parameter,
       alert.triage,
       alert.triage_probability,
       concat_ws(' ', alert.explanation_vi, 'Lý do: ' || nullif(array_to_string(alert.triage_reasons_vi, '; '), '') || '.')
           AS explanation_vi,
       concat_ws(' ', alert.explanation_en, 'Reasons: ' || nullif(array_to_string(alert.triage_reasons_en, '; '), '') || '.')
           AS explanation_en,
       alert.value,
       alert.peak_value,
       alert.limit_maximum,
       alert.acknowledged_by
  FROM alerts AS alert
  LEFT JOIN current_stations AS station ON station.code = alert.station
 WHERE alert.resolved_at IS NULL
   AND alert.station IN (${stations:sqlstring})
 ORDER BY array_position(ARRAY['critical', 'high', 'warning', 'info'], alert.severity), alert.since DESC
 LIMIT 200
