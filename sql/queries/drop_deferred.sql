UPDATE deferred_records AS d SET read_at = %(now)s
  FROM unnest(%(partitions)s::integer[], %(firsts)s::bigint[], %(stations)s::text[])
       AS w (partition, first_offset, station)
 WHERE d.source = %(source)s AND d.partition = w.partition AND d.first_offset = w.first_offset
   AND d.station = w.station
