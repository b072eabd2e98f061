SELECT count(*) FILTER (WHERE severity IN ('high', 'critical')) AS urgent,
       count(*) FILTER (WHERE severity NOT IN ('high', 'critical')) AS other
  FROM alerts
 WHERE resolved_at IS NULL
