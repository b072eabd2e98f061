SELECT station, sum(received)::bigint, sum(stored)::bigint, sum(duplicate)::bigint, sum(revision)::bigint,
       sum(dead_letter)::bigint, sum(redelivered)::bigint
  FROM ledger
 WHERE %(since)s::date IS NULL OR day >= %(since)s
 GROUP BY station
 ORDER BY station
