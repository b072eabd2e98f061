SELECT rank, name, since, worst_parameter, worst_share, urgent_alerts, open_alerts - urgent_alerts AS work_items,
       last_observed_at, code
  FROM station_statuses
 WHERE park = ${park:sqlstring}
 ORDER BY array_position(ARRAY[7, 3, 5, 6, 2, 1, 4, 0], rank), code
