SELECT station, parameter, effective_from, effective_to, unit, minimum, maximum, source, day_only
  FROM effective_limits
 WHERE station = ANY(%(stations)s)
   AND effective_from <= (%(end)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
   AND coalesce(effective_to, 'infinity') > (%(start)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 ORDER BY station, parameter, effective_from
