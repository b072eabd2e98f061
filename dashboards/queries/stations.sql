SELECT rank,
       name,
       since,
       worst_parameter,
       worst_share,
       urgent_alerts,
       open_alerts - urgent_alerts AS work_items,
       connected,
       last_observed_at,
       kind,
       park,
       code,
       latitude,
       longitude
  FROM station_statuses
 WHERE code IN (${stations:sqlstring})
 ORDER BY array_position(ARRAY[7, 3, 5, 6, 2, 1, 4, 0], rank), worst_share DESC NULLS LAST, code
