SELECT station, hour_start, received, committed, in_flight, residual, uncounted
  FROM message_ledger
 WHERE hour_start >= date_bin('1 hour', %(since)s::timestamptz, '2000-01-01 00:00:00+00') AND hour_start < %(until)s
   AND (%(station)s::text IS NULL OR station = %(station)s)
 ORDER BY station, hour_start
