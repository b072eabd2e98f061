SELECT station,
       sum(received)::bigint AS received,
       sum(stored)::bigint AS stored,
       sum(duplicate)::bigint AS duplicate,
       sum(revision)::bigint AS revision,
       sum(dead_letter)::bigint AS dead_letter,
       sum(redelivered)::bigint AS redelivered,
       sum(received - stored - duplicate - revision - dead_letter)::bigint AS residual
  FROM ledger
 WHERE day BETWEEN ($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
               AND ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 GROUP BY station
 ORDER BY residual DESC, dead_letter DESC, station
