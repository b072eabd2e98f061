WITH
--@ limits
,
--@ latest
,
--@ statuses
SELECT statuses.rank,
       station.code,
       station.name_vi,
       station.name_en,
       station.kind,
       station.park,
       statuses.open_alerts,
       statuses.online,
       statuses.last_observed_at,
       statuses.last_received_at
  FROM statuses
  JOIN current_stations AS station ON station.code = statuses.station
 WHERE station.code IN (${stations:sqlstring})
 ORDER BY array_position(ARRAY[3, 5, 6, 2, 1, 4, 0], statuses.rank), station.code
