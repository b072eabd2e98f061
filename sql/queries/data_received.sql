SELECT station, parameter, day, expected, received, usable
  FROM received_days
 WHERE day BETWEEN %(first_day)s::date AND %(last_day)s::date
   AND (%(station)s::text IS NULL OR station = %(station)s)
 ORDER BY station, parameter, day
