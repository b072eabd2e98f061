SELECT parameter, observed_at, value, flag, status, late, score, reasons
  FROM readings
 WHERE station = %(station)s AND observed_at >= %(since)s AND observed_at <= %(until)s
 ORDER BY observed_at, parameter
