SELECT station, parameter, rule, severity, page
  FROM alerts
 WHERE resolved_at IS NULL AND kind IN ('offline', 'due')
