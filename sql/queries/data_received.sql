SELECT station, parameter, day, expected, received, usable
  FROM data_received(%(first_day)s, %(last_day)s)
 WHERE %(station)s::text IS NULL OR station = %(station)s
 ORDER BY station, parameter, day
