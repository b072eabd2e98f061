SELECT parameter, "window", window_start, mean, verdict, limit_minimum, limit_maximum, limit_source, ratio,
       exceedance_class, usable_count, expected, retrospective
  FROM judgements_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
 ORDER BY window_start, parameter, "window"
