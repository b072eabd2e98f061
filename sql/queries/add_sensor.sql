INSERT INTO sensors (station, effective_from, position, parameter, unit, cadence_s, aliases, convert_rate, qc)
VALUES (
    %(station)s, %(effective_from)s, %(position)s, %(parameter)s, %(unit)s, %(cadence_s)s, %(aliases)s,
    %(convert_rate)s, %(qc)s
)
