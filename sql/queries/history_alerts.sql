SELECT parameter, kind, since, coalesce(resolved_at, %(now)s), closed_cause
  FROM alerts
 WHERE station = %(station)s AND coalesce(resolved_at, %(now)s) >= %(since)s
   AND (closed_cause IS NOT NULL OR kind = 'anomaly')
 ORDER BY since
