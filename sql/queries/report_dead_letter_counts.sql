SELECT station, reason, count(*), max(received_at)
  FROM dead_letters
 WHERE (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(reason)s::text IS NULL OR refusals @> jsonb_build_array(jsonb_build_object('reason', %(reason)s::text)))
   AND (%(replayed)s OR replayed_at IS NULL)
 GROUP BY station, reason
 ORDER BY count(*), station, reason
