-- Old rows may be several of one message; the newest bytes of an offset are another message's where a log was cut.
SELECT array_agg(id ORDER BY id), min(station), min(mqtt_topic), min(content_type), min(received_at), payload,
       min(file_name)
  FROM dead_letters
 WHERE replayed_at IS NULL
   AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
   AND (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(reason)s::text IS NULL OR refusals @> jsonb_build_array(jsonb_build_object('reason', %(reason)s::text)))
 GROUP BY source, raw_partition, raw_offset, payload
 ORDER BY min(id)
 LIMIT %(limit)s
