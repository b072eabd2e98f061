-- The station that has waited for the fewest messages first: the heaviest flood is read last.
SELECT partition, first_offset, beyond_offset, station, messages, bytes
  FROM deferred_records
 WHERE read_at IS NULL AND source = %(source)s AND partition = ANY (%(partitions)s::integer[])
 ORDER BY (SELECT sum(messages) FROM deferred_records AS all_of WHERE all_of.read_at IS NULL AND all_of.station = deferred_records.station),
          station, partition, first_offset
 LIMIT 1
