SELECT status.rank,
       concat_ws(' · ', status.name, status.worst_parameter || ' ' || round(100 * status.worst_share::numeric) || ' %') AS label
  FROM station_statuses AS status
  JOIN wall_turn ON wall_turn.park IS NOT DISTINCT FROM status.park
 ORDER BY array_position(ARRAY[7, 3, 5, 6, 4, 2, 1, 0], status.rank), status.code
 LIMIT 6
