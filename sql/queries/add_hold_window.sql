INSERT INTO hold_windows (kind, station, parameter, starts_at, ends_at, repeat_days, repeat_until, by, note)
VALUES (%(kind)s, %(station)s, %(parameter)s, %(starts_at)s, %(ends_at)s, %(repeat_days)s, %(repeat_until)s, %(by)s,
        %(note)s)
RETURNING id
