INSERT INTO limit_values (
    limit_set, effective_from, position, parameter, unit, minimum, maximum, coefficients_apply
)
VALUES (
    %(limit_set)s, %(effective_from)s, %(position)s, %(parameter)s, %(unit)s, %(minimum)s, %(maximum)s,
    %(coefficients_apply)s
)
