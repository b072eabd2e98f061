-- The stations of the same park, then the nearest others; distance by the sphere of 6371 km.
SELECT other.rank,
       other.name,
       2 * 6371 * asin(sqrt(power(sin(radians(other.latitude - own.latitude) / 2), 2)
                            + cos(radians(own.latitude)) * cos(radians(other.latitude))
                              * power(sin(radians(other.longitude - own.longitude) / 2), 2))) AS km,
       other.worst_parameter,
       other.worst_share,
       other.park IS NOT DISTINCT FROM own.park AND own.park IS NOT NULL AS same_park,
       other.code
  FROM station_statuses AS own
  JOIN station_statuses AS other ON other.code <> own.code
 WHERE own.code = ${station:sqlstring}
 ORDER BY same_park DESC, km
 LIMIT 6
