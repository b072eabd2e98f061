SELECT short_name(station.name_vi) AS name,
       latest.parameter,
       CASE WHEN latest.usable AND NOT latest.stale THEN latest.share END AS share
  FROM sensor_latest AS latest
  JOIN current_stations AS station ON station.code = latest.station
 WHERE station.park = ${park:sqlstring} AND latest.maximum IS NOT NULL
 ORDER BY latest.station, latest.position
