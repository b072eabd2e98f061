UPDATE reading_days AS kept
   SET failure = %(failure)s,
       failures = kept.failures + 1,
       try_after = %(now)s::timestamptz + least(%(longest)s::interval, %(first)s::interval * 2 ^ least(kept.failures, 16))
  FROM reading_days AS before
 WHERE kept.station = %(station)s AND kept.parameter = %(parameter)s AND kept.day = (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
   AND (before.station, before.parameter, before.day) = (kept.station, kept.parameter, kept.day)
RETURNING before.failure IS DISTINCT FROM kept.failure
