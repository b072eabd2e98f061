-- The station that has waited for the fewest messages first: the heaviest flood is read last.
WITH floods AS (
    SELECT station, sum(messages) AS messages FROM deferred_records WHERE read_at IS NULL GROUP BY station
)
SELECT partition, first_offset, beyond_offset, station, deferred_records.messages, bytes
  FROM deferred_records JOIN floods USING (station)
 WHERE read_at IS NULL AND source = %(source)s AND partition = ANY (%(partitions)s::integer[])
 ORDER BY floods.messages, station, partition, first_offset
 LIMIT 1
