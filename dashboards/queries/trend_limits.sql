WITH
--@ limits
SELECT instant AS time,
       minimum,
       maximum
  FROM limits
 CROSS JOIN (VALUES ($__timeFrom()::timestamptz), ($__timeTo()::timestamptz)) AS ends(instant)
 WHERE station = ${station:sqlstring}
   AND parameter = ${parameter:sqlstring}
 ORDER BY 1
