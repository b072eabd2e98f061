SELECT id, station, stage, reason, detail, parameter, octet_length(payload), mqtt_topic, received_at, raw_partition,
       raw_offset, replayed_at, refusals, file_name, content_type, payload
  FROM dead_letters
 WHERE id = %(id)s
