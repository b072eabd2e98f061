-- A limit since ever begins on 0001-01-01, which is no instant in Vietnam's time that a client could read.
SELECT CASE WHEN effective_from > '0001-01-01' THEN effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' END,
       effective_to::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', minimum, maximum
  FROM effective_limits
 WHERE station = %(station)s AND parameter = %(parameter)s AND NOT day_only
   AND effective_from <= (%(until)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
   AND (effective_to IS NULL OR effective_to > (%(since)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
 ORDER BY effective_from
