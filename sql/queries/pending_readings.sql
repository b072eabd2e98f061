-- What was sent again of a pending hour or day, each with the number that came next.
WITH revised AS (
    SELECT was.parameter, was.observed_at, was.value, was.status, was.replaced_at, was.id,
           was.replaced_by_partition, was.replaced_by_offset,
           lead(was.value, 1, kept.value) OVER versions AS new_value,
           lead(was.status, 1, kept.status) OVER versions AS new_status
      FROM pending_judgements AS pending
      JOIN reading_revisions AS was
        ON was.station = pending.station AND was.parameter = pending.parameter
       AND was.observed_at >= pending.window_start
       AND was.observed_at < pending.window_start
                             + CASE pending."window" WHEN 'day' THEN INTERVAL '24 hours' ELSE INTERVAL '1 hour' END
      JOIN readings AS kept
        ON kept.station = was.station AND kept.parameter = was.parameter AND kept.observed_at = was.observed_at
     WHERE pending.id = %(id)s
    WINDOW versions AS (PARTITION BY was.observed_at ORDER BY was.replaced_at, was.id)
)
SELECT parameter, observed_at, value, status, new_value, new_status, replaced_at, replaced_by_partition,
       replaced_by_offset
  FROM revised
 ORDER BY observed_at, replaced_at, id
 LIMIT %(limit)s
