-- From the indexes of findings and of days; judged hours are not counted here.
SELECT exceeded.hours_exceeded, exceeded.days_exceeded, days.days_incomplete, days.days_judged
  FROM (SELECT count(*) FILTER (WHERE "window" = 'hour') AS hours_exceeded,
               count(*) FILTER (WHERE "window" = 'day') AS days_exceeded
          FROM judgements
         WHERE verdict = 'exceeded'
           AND station IN (${stations:sqlstring})
           AND $__timeFilter(window_start)) AS exceeded,
       (SELECT count(*) FILTER (WHERE verdict = 'incomplete') AS days_incomplete,
               count(*) FILTER (WHERE verdict IN ('within', 'exceeded')) AS days_judged
          FROM judgements
         WHERE "window" = 'day'
           AND station IN (${stations:sqlstring})
           AND $__timeFilter(window_start)) AS days
