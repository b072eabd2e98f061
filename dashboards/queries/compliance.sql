-- From the indexes of findings and of days: to count every judged hour would read months of them.
WITH days AS (
    SELECT station, parameter,
           count(*) FILTER (WHERE verdict <> 'incomplete') AS judged,
           count(*) FILTER (WHERE verdict = 'incomplete') AS incomplete
      FROM judgements
     WHERE "window" = 'day' AND verdict <> 'no_limit'
       AND station IN (${stations:sqlstring})
       AND $__timeFilter(window_start)
     GROUP BY station, parameter
), exceeded AS (
    SELECT station, parameter,
           count(*) FILTER (WHERE "window" = 'hour') AS hours,
           count(*) FILTER (WHERE "window" = 'day') AS days,
           max(ratio) AS ratio,
           max(exceedance_class) AS exceedance_class
      FROM judgements
     WHERE verdict = 'exceeded'
       AND station IN (${stations:sqlstring})
       AND $__timeFilter(window_start)
     GROUP BY station, parameter
), judged AS (
    SELECT station, parameter,
           coalesce(exceeded.hours, 0) AS hours_exceeded,
           coalesce(days.judged, 0) AS days_judged,
           coalesce(exceeded.days, 0) AS days_exceeded,
           coalesce(days.incomplete, 0) AS days_incomplete,
           exceeded.ratio,
           exceeded.exceedance_class
      FROM days
      FULL JOIN exceeded USING (station, parameter)
), came AS (
    SELECT station, parameter, sum(received) / nullif(sum(expected), 0) AS received, sum(usable) / nullif(sum(expected), 0) AS valid
      FROM data_received(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                         least(($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                               (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date))
     WHERE station IN (${stations:sqlstring})
     GROUP BY station, parameter
)
SELECT short_name(coalesce(described.name_vi, judged.station)) AS name, judged.parameter,
       judged.hours_exceeded, judged.days_judged, judged.days_exceeded, judged.days_incomplete,
       judged.ratio, judged.exceedance_class, came.received, came.valid, judged.station AS code
  FROM judged
  LEFT JOIN came ON came.station = judged.station AND came.parameter = judged.parameter
  LEFT JOIN current_stations AS described ON described.code = judged.station
 ORDER BY judged.days_exceeded DESC, judged.hours_exceeded DESC, judged.station, judged.parameter
