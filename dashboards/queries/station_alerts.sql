SELECT handling.incident_id AS incident,
       alert.severity,
       nullif(alert.parameter, '') AS parameter,
       alert.kind,
       concat_ws(' / ', replace(trim_scale(round(coalesce(alert.peak_value, alert.value)::numeric, 2))::text, '.', ','),
                 limit_text(alert.limit_minimum, alert.limit_maximum)) AS value,
       alert.since,
       alert.resolved_at,
       handling.told_at,
       handling.taken_by,
       coalesce(alert.closed_cause, '') AS cause,
       alert.explanation_vi AS explanation,
       alert.id
  FROM alerts AS alert
  JOIN alert_handling AS handling ON handling.alert_id = alert.id
 WHERE alert.station = ${station:sqlstring}
   AND alert.since <= $__timeTo()::timestamptz
   AND coalesce(alert.resolved_at, now()) >= $__timeFrom()::timestamptz
 ORDER BY alert.resolved_at IS NOT NULL, alert.since DESC
 LIMIT 200
