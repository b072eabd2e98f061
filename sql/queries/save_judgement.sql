INSERT INTO judgements AS kept (
    station, parameter, "window", window_start, mean, verdict, limit_minimum, limit_maximum, limit_source, ratio,
    exceedance_class, usable_count, expected, retrospective, judged_at
)
VALUES (
    %(station)s, %(parameter)s, %(window)s, %(window_start)s, %(mean)s, %(verdict)s, %(limit_minimum)s,
    %(limit_maximum)s, %(limit_source)s, %(ratio)s, %(exceedance_class)s, %(usable_count)s, %(expected)s,
    %(retrospective)s, %(judged_at)s
)
ON CONFLICT (station, parameter, "window", window_start) DO UPDATE SET
    mean = excluded.mean,
    verdict = excluded.verdict,
    limit_minimum = excluded.limit_minimum,
    limit_maximum = excluded.limit_maximum,
    limit_source = excluded.limit_source,
    ratio = excluded.ratio,
    exceedance_class = excluded.exceedance_class,
    usable_count = excluded.usable_count,
    expected = excluded.expected,
    retrospective = excluded.retrospective,
    judged_at = excluded.judged_at
RETURNING true
