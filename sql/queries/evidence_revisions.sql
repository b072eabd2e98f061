SELECT station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset, replaced_at,
       replaced_by_partition, replaced_by_offset, recorded_at, recorded_by
  FROM reading_revisions
 WHERE station = ANY(%(stations)s) AND observed_at >= %(start)s AND observed_at < %(end)s
 ORDER BY id
 LIMIT %(most)s
