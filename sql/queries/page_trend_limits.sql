SELECT effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', effective_to::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
       minimum, maximum
  FROM effective_limits
 WHERE station = %(station)s AND parameter = %(parameter)s AND NOT day_only
   AND effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' < %(until)s
   AND (effective_to IS NULL OR effective_to::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' > %(since)s)
 ORDER BY effective_from
