-- Windows of some stations that have lasted at some time between two instants; repeating ones while they repeat.
SELECT id, kind, station, parameter, starts_at, ends_at, repeat_days, repeat_until, by, note, end_sent_at
  FROM hold_windows
 WHERE (%(stations)s::text[] IS NULL OR station = '' OR station = ANY (%(stations)s))
   AND starts_at < %(until)s
   AND (ends_at > %(since)s
        OR (repeat_days > 0 AND (repeat_until IS NULL OR repeat_until > %(since)s)))
 ORDER BY starts_at DESC, id DESC
 LIMIT 200
