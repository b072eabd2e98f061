SELECT observed_at, received_at, parameter, value, status, flag, late, reasons
  FROM readings
 WHERE station = %(station)s AND observed_at >= %(since)s AND observed_at < %(until)s
   AND (%(parameter)s = '' OR parameter = %(parameter)s)
 ORDER BY observed_at, parameter
 LIMIT %(limit)s
