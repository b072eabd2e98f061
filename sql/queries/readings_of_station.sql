SELECT r.parameter, r.observed_at, r.received_at, r.value, r.status, r.flag, r.late, r.reasons,
       EXISTS (SELECT FROM reading_revisions AS v
                WHERE v.station = r.station AND v.parameter = r.parameter AND v.observed_at = r.observed_at),
       d.officer, d.reason
  FROM readings AS r
  LEFT JOIN desk_revisions AS d ON r.raw_partition = -1 AND d.id = r.raw_offset
 WHERE r.station = %(station)s AND r.observed_at >= %(since)s AND r.observed_at <= %(until)s
   AND (%(parameter)s::text IS NULL OR r.parameter = %(parameter)s)
 ORDER BY r.observed_at DESC, r.parameter
 LIMIT %(limit)s
