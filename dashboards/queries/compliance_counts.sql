SELECT count(*) FILTER (WHERE "window" = 'hour' AND verdict = 'exceeded') AS hours_exceeded,
       count(*) FILTER (WHERE "window" = 'day' AND verdict = 'exceeded') AS days_exceeded,
       count(*) FILTER (WHERE "window" = 'day' AND verdict = 'incomplete') AS days_incomplete,
       count(*) FILTER (WHERE "window" = 'day' AND verdict IN ('within', 'exceeded')) AS days_judged
  FROM judgements
 WHERE station IN (${stations:sqlstring})
   AND $__timeFilter(window_start)
