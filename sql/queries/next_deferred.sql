-- The station that has waited for the fewest messages first: the heaviest flood is read last. Of it the stretches of
-- one partition, in order; so many that a large slice finds its messages in them.
WITH floods AS (
    SELECT station, sum(messages) AS messages FROM deferred_records WHERE read_at IS NULL GROUP BY station
), turn AS (
    SELECT station, partition
      FROM deferred_records JOIN floods USING (station)
     WHERE read_at IS NULL AND source = %(source)s AND partition = ANY (%(partitions)s::integer[])
     ORDER BY floods.messages, station, partition
     LIMIT 1
)
SELECT partition, first_offset, beyond_offset, station, messages, bytes
  FROM deferred_records JOIN turn USING (station, partition)
 WHERE read_at IS NULL AND source = %(source)s
 ORDER BY first_offset
 LIMIT 100
