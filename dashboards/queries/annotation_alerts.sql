SELECT since AS time,
       coalesce(resolved_at, now()) AS timeend,
       concat_ws(' ', 'Cảnh báo', id::text || ':', nullif(parameter, ''), explanation_vi) AS text,
       severity AS tags
  FROM alerts
 WHERE station = ${station:sqlstring}
   AND severity IN ('high', 'critical')
   AND since <= $__timeTo()::timestamptz
   AND coalesce(resolved_at, now()) >= $__timeFrom()::timestamptz
 ORDER BY 1
