-- Twelve slices of (at - 1 hour, at], each open at its start and closed at its end; slice 0 is the oldest.
SELECT 11 - floor(extract(epoch FROM %(at)s::timestamptz - observed_at) / 300)::integer AS slice,
       count(*),
       count(value) FILTER (WHERE usable),
       min(value) FILTER (WHERE usable),
       max(value) FILTER (WHERE usable),
       sum(value) FILTER (WHERE usable)
  FROM (SELECT observed_at, value, flag <= 2 AND status = '00' AS usable
          FROM readings
         WHERE station = %(station)s AND parameter = %(parameter)s
           AND observed_at > %(at)s::timestamptz - INTERVAL '1 hour' AND observed_at <= %(at)s) AS hour
 GROUP BY slice
 ORDER BY slice
