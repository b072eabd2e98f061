SELECT judgement.window_start,
       judgement."window",
       judgement.retrospective,
       short_name(coalesce(station.name_vi, judgement.station)) AS name,
       judgement.parameter,
       judgement.mean,
       limit_text(judgement.limit_minimum, judgement.limit_maximum) AS limits,
       judgement.ratio,
       judgement.exceedance_class,
       judgement.limit_source,
       judgement.judged_at,
       judgement.station AS code
  FROM judgements AS judgement
  LEFT JOIN current_stations AS station ON station.code = judgement.station
 WHERE judgement.verdict = 'exceeded'
   AND judgement.station IN (${stations:sqlstring})
   AND $__timeFilter(judgement.window_start)
 ORDER BY judgement.window_start DESC, judgement.station, judgement.parameter
 LIMIT 500
