SELECT station, parameter, unit, maximum, mean, level, allowance, passed_at
  FROM compliance_clock(%(now)s, %(stations)s)
