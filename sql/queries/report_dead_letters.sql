SELECT id, station, stage, reason, detail, parameter, octet_length(payload), mqtt_topic, received_at, raw_partition,
       raw_offset, replayed_at
  FROM dead_letters
 WHERE (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(reason)s::text IS NULL OR reason = %(reason)s)
   AND (%(replayed)s OR replayed_at IS NULL)
 ORDER BY id DESC
 LIMIT %(limit)s
