SELECT id, station, stage, reason, detail, parameter, octet_length(payload), mqtt_topic, received_at, raw_partition,
       raw_offset, replayed_at, refusals, file_name
  FROM dead_letters
 WHERE (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(reason)s::text IS NULL OR refusals @> jsonb_build_array(jsonb_build_object('reason', %(reason)s::text)))
   AND (%(replayed)s OR replayed_at IS NULL)
 ORDER BY id DESC
 LIMIT %(limit)s
