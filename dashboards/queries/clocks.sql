-- Time from observation to receipt of each station's latest reading: negative is a clock ahead of ours.
SELECT short_name(station.name_vi) AS name,
       min(extract(epoch FROM latest.received_at - latest.observed_at))::float8 AS least_s,
       max(extract(epoch FROM latest.received_at - latest.observed_at))::float8 AS most_s,
       count(*) FILTER (WHERE presence.defect IN ('ahead', 'late')
                            AND presence.defect_at > coalesce(presence.usable_observed_at, '-infinity')) AS defects,
       station.code
  FROM current_stations AS station
  JOIN latest_readings AS latest ON latest.station = station.code
  LEFT JOIN sensor_presence AS presence ON presence.station = latest.station AND presence.parameter = latest.parameter
 WHERE station.code IN (${stations:sqlstring})
 GROUP BY station.code, station.name_vi
 ORDER BY abs(min(extract(epoch FROM latest.received_at - latest.observed_at))) DESC
