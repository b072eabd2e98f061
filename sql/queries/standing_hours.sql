-- The hours of days that were never judged: what their readings sum to, and by what they stand. Position counts from 0.
SELECT key.position - 1, sums.usable_sum, sums.usable_count, sums.late_count, standing.mean, standing.usable_count
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
       WITH ORDINALITY AS key (station, parameter, day_start, day_end, position)
  JOIN reading_hours AS sums
    ON sums.station = key.station AND sums.parameter = key.parameter
   AND sums.hour_start >= key.day_start AND sums.hour_start < key.day_end
  LEFT JOIN judgements AS standing
    ON standing.station = key.station AND standing.parameter = key.parameter AND standing."window" = 'hour'
   AND standing.window_start = sums.hour_start
 WHERE NOT EXISTS (SELECT FROM judgements AS judged
                    WHERE judged.station = key.station AND judged.parameter = key.parameter
                      AND judged."window" = 'day' AND judged.window_start = key.day_start)
 ORDER BY key.position, sums.hour_start
