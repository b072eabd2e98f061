SELECT station, coalesce(name_vi, station), coalesce(illustration, false), online, changed_at, last_received_at,
       last_observed_at,
       (SELECT count(*) FROM alerts WHERE alerts.station = coalesce(registered.station, known.station) AND resolved_at IS NULL)
  FROM (SELECT code AS station, name_vi, illustration FROM current_stations) AS registered
  FULL JOIN station_presence AS known USING (station)
 ORDER BY station
