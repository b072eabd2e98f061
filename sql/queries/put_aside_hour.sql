UPDATE reading_hours AS kept
   SET failure = %(failure)s,
       failures = kept.failures + 1,
       try_after = %(now)s::timestamptz + least(%(longest)s::interval, %(first)s::interval * 2 ^ least(kept.failures, 16))
  FROM reading_hours AS before
 WHERE kept.station = %(station)s AND kept.parameter = %(parameter)s AND kept.hour_start = %(start)s
   AND (before.station, before.parameter, before.hour_start) = (kept.station, kept.parameter, kept.hour_start)
RETURNING before.failure IS DISTINCT FROM kept.failure
