-- The mean and count by which hours and days that an import lets be judged again stand. Position counts from 0.
SELECT key.position - 1, standing.mean, standing.usable_count
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(windows)s::text[], %(starts)s::timestamptz[])
       WITH ORDINALITY AS key (station, parameter, "window", window_start, position)
  JOIN judgements AS standing
       USING (station, parameter, "window", window_start)
