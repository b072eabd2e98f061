WITH
--@ limits
,
--@ latest
,
--@ statuses
SELECT station.code,
       station.name_vi,
       station.latitude,
       station.longitude,
       statuses.rank,
       statuses.open_alerts,
       statuses.last_received_at
  FROM statuses
  JOIN current_stations AS station ON station.code = statuses.station
 WHERE station.code IN (${stations:sqlstring})
 ORDER BY statuses.rank
