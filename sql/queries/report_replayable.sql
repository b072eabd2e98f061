-- One row per original message, though several of its readings may have been refused.
SELECT array_agg(id ORDER BY id), min(station), min(mqtt_topic), min(content_type), min(received_at),
       (array_agg(payload ORDER BY id))[1]
  FROM dead_letters
 WHERE replayed_at IS NULL
   AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
   AND (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(reason)s::text IS NULL OR reason = %(reason)s)
 GROUP BY raw_partition, raw_offset
 ORDER BY min(id)
 LIMIT %(limit)s
