SELECT judgement.window_start,
       judgement."window",
       coalesce(station.name_vi, judgement.station) AS station,
       judgement.parameter,
       judgement.mean,
       judgement.limit_minimum,
       judgement.limit_maximum,
       judgement.ratio,
       judgement.exceedance_class,
       judgement.limit_source,
       judgement.judged_at
  FROM judgements AS judgement
  LEFT JOIN current_stations AS station ON station.code = judgement.station
 WHERE judgement.retrospective
   AND judgement.verdict = 'exceeded'
   AND judgement.station IN (${stations:sqlstring})
   AND $__timeFilter(judgement.window_start)
 ORDER BY judgement.window_start DESC
 LIMIT 500
