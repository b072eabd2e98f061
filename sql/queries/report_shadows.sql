SELECT station, active, shadow, since, until, rows, alarms_active, alarms_shadow, pages_active, pages_shadow, rows_both,
       rows_active, rows_shadow
  FROM shadow_counts
 WHERE starts_with(shadow, %(shadow)s)
 ORDER BY shadow, station, active
