-- Those that may hold anything back, and silences whose end was not told yet.
SELECT id, kind, station, parameter, starts_at, ends_at, repeat_days, repeat_until, by, note, end_sent_at
  FROM hold_windows
 WHERE ends_at > %(now)s
    OR (repeat_days > 0 AND (repeat_until IS NULL OR repeat_until > %(now)s - repeat_days * INTERVAL '1 day'))
    OR (kind = 'silence' AND end_sent_at IS NULL)
 ORDER BY id
