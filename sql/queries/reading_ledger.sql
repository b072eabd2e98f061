SELECT station, hour_start, stored, present, residual
  FROM reading_ledger(%(since)s, %(until)s)
 WHERE %(station)s::text IS NULL OR station = %(station)s
 ORDER BY station, hour_start
