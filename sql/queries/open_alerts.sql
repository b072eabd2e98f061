SELECT station, parameter, rule
  FROM alerts
 WHERE station = %(station)s AND resolved_at IS NULL
 ORDER BY parameter, rule
