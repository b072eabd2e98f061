SELECT alert.id,
       alert.severity,
       short_name(coalesce(station.name_vi, alert.station)) AS name,
       nullif(alert.parameter, '') AS parameter,
       concat_ws(' / ', replace(trim_scale(round(coalesce(alert.peak_value, alert.value)::numeric, 2))::text, '.', ','),
                 limit_text(alert.limit_minimum, alert.limit_maximum)) AS value,
       alert.since,
       alert.resolved_at,
       handling.told_at,
       handling.taken_by,
       coalesce(alert.closed_cause, '') AS cause,
       alert.triage,
       alert.kind,
       alert.explanation_vi AS explanation,
       alert.station AS code
  FROM alerts AS alert
  JOIN alert_handling AS handling ON handling.alert_id = alert.id
  LEFT JOIN current_stations AS station ON station.code = alert.station
 WHERE alert.station IN (${stations:sqlstring})
   AND alert.severity IN (${severity:sqlstring})
   AND $__timeFilter(alert.opened_at)
 ORDER BY alert.opened_at DESC, alert.id DESC
 LIMIT 500
