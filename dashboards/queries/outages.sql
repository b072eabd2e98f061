SELECT since, until, kind, park, detail
  FROM outages
 WHERE until IS NULL OR until >= $__timeFrom()::timestamptz
 ORDER BY until IS NOT NULL, since DESC
 LIMIT 50
