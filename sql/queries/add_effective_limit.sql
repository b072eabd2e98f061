INSERT INTO effective_limits (
    station, parameter, effective_from, effective_to, unit, minimum, maximum, day_only, source
)
VALUES (
    %(station)s, %(parameter)s, %(effective_from)s, %(effective_to)s, %(unit)s, %(minimum)s, %(maximum)s, %(day_only)s,
    %(source)s
)
