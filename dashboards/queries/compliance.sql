WITH judged AS (
    SELECT station, parameter,
           count(*) FILTER (WHERE "window" = 'hour' AND verdict IN ('within', 'exceeded')) AS hours_judged,
           count(*) FILTER (WHERE "window" = 'hour' AND verdict = 'exceeded') AS hours_exceeded,
           count(*) FILTER (WHERE "window" = 'day' AND verdict IN ('within', 'exceeded')) AS days_judged,
           count(*) FILTER (WHERE "window" = 'day' AND verdict = 'exceeded') AS days_exceeded,
           count(*) FILTER (WHERE "window" = 'day' AND verdict = 'incomplete') AS days_incomplete,
           max(ratio) FILTER (WHERE verdict = 'exceeded') AS ratio,
           max(exceedance_class) AS exceedance_class
      FROM judgements
     WHERE station IN (${stations:sqlstring})
       AND $__timeFilter(window_start)
     GROUP BY station, parameter
    HAVING count(*) FILTER (WHERE verdict <> 'no_limit') > 0
), came AS (
    SELECT station, parameter, sum(received) / nullif(sum(expected), 0) AS received, sum(usable) / nullif(sum(expected), 0) AS valid
      FROM data_received(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                         least(($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                               (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date))
     WHERE station IN (${stations:sqlstring})
     GROUP BY station, parameter
)
SELECT short_name(coalesce(described.name_vi, judged.station)) AS name, judged.parameter,
       judged.hours_judged, judged.hours_exceeded, judged.days_judged, judged.days_exceeded, judged.days_incomplete,
       judged.ratio, judged.exceedance_class, came.received, came.valid, judged.station AS code
  FROM judged
  LEFT JOIN came ON came.station = judged.station AND came.parameter = judged.parameter
  LEFT JOIN current_stations AS described ON described.code = judged.station
 ORDER BY judged.days_exceeded DESC, judged.hours_exceeded DESC, judged.station, judged.parameter
