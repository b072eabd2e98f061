SELECT limit_set, effective_from, parameter, unit, minimum, maximum, coefficients_apply
  FROM limit_values
 ORDER BY limit_set, effective_from, position
