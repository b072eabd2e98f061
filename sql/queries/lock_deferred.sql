SELECT TRUE
  FROM deferred_records AS d
  JOIN unnest(
           %(partitions)s::integer[], %(firsts)s::bigint[], %(beyonds)s::bigint[], %(stations)s::text[],
           %(messages)s::integer[]
       ) AS w (partition, first_offset, beyond_offset, station, messages)
       USING (partition, first_offset, beyond_offset, station, messages)
 WHERE read_at IS NULL AND source = %(source)s
   FOR UPDATE OF d SKIP LOCKED
