-- A statement of its own after the rows are locked: what it sees of the readings is then exactly what was merged.
UPDATE reading_days AS kept SET
    usable_sum = fresh.usable_sum,
    usable_count = fresh.usable_count,
    total_count = fresh.total_count,
    late_count = fresh.late_count,
    minimum = fresh.minimum,
    maximum = fresh.maximum,
    stale = false
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(starts)s::date[]) AS key (station, parameter, day)
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(usable::text::numeric), 0) AS usable_sum,
               count(usable) AS usable_count,
               count(*) AS total_count,
               count(*) FILTER (WHERE late) AS late_count,
               min(usable) AS minimum,
               max(usable) AS maximum
          FROM (SELECT late, CASE WHEN flag <= 2 AND status = '00' THEN value END AS usable
                  FROM readings
                 WHERE station = key.station AND parameter = key.parameter
                   AND observed_at >= key.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
                   AND observed_at < (key.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh') AS measured
       ) AS fresh
 WHERE (kept.station, kept.parameter, kept.day) = (key.station, key.parameter, key.day)
