SELECT short_name(coalesce(station.name_vi, ledger.station)) AS name,
       sum(received)::bigint AS received,
       sum(stored)::bigint AS stored,
       sum(duplicate)::bigint AS duplicate,
       sum(revision)::bigint AS revision,
       sum(dead_letter)::bigint AS dead_letter,
       sum(redelivered)::bigint AS redelivered,
       coalesce((SELECT sum(messages) FROM missing_messages WHERE missing_messages.station = ledger.station), 0)::bigint
           AS missing,
       ledger.station AS code
  FROM ledger
  LEFT JOIN current_stations AS station ON station.code = ledger.station
 WHERE day BETWEEN ($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
               AND ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
   AND ledger.station IN (${stations:sqlstring})
 GROUP BY ledger.station, station.name_vi
 ORDER BY missing DESC, dead_letter DESC, ledger.station
