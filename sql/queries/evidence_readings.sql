SELECT station, parameter, observed_at, received_at, value, status, flag, late, reasons, score, score_reason,
       raw_partition, raw_offset
  FROM readings
 WHERE station = ANY(%(stations)s) AND observed_at >= %(start)s AND observed_at < %(end)s
 ORDER BY station, observed_at, parameter
 LIMIT %(most)s
