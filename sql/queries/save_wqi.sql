INSERT INTO wqi (station, "window", window_start, value, reason, parameters, judged_count, judged_until)
VALUES (
    %(station)s, %(window)s, %(window_start)s, %(value)s, %(reason)s, %(parameters)s, %(judged_count)s, %(judged_until)s
)
ON CONFLICT (station, "window", window_start) DO UPDATE SET
    value = excluded.value,
    reason = excluded.reason,
    parameters = excluded.parameters,
    judged_count = excluded.judged_count,
    judged_until = excluded.judged_until
