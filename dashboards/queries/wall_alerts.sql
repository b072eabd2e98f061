SELECT concat_ws(' ', nullif(alert.parameter, ''),
                 concat_ws(' / ', replace(trim_scale(round(coalesce(alert.peak_value, alert.value)::numeric, 1))::text, '.', ','),
                           limit_text(alert.limit_minimum, alert.limit_maximum))) AS value,
       concat_ws(' · ', short_name(coalesce(station.name_vi, alert.station)),
                 to_char(alert.since AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD/MM HH24:MI'),
                 coalesce(handling.taken_by, 'chưa ai nhận')) AS label
  FROM alerts AS alert
  JOIN alert_handling AS handling ON handling.alert_id = alert.id
  LEFT JOIN current_stations AS station ON station.code = alert.station
 WHERE alert.resolved_at IS NULL AND handling.urgent
 ORDER BY array_position(ARRAY['critical', 'high'], alert.severity), alert.since DESC
 LIMIT 6
