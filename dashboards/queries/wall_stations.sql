SELECT status.name,
       status.rank,
       concat_ws(' ', status.worst_parameter, round(100 * status.worst_share::numeric) || ' %') AS worst
  FROM station_statuses AS status
  JOIN wall_turn ON wall_turn.park IS NOT DISTINCT FROM status.park
 ORDER BY status.code
 LIMIT 6
