-- Both ends of each limit within the time shown, so that a change of limits is a step.
SELECT instant AS time,
       effective.minimum,
       effective.maximum
  FROM current_sensors AS sensor
  LEFT JOIN effective_limits AS effective
         ON effective.station = sensor.station
        AND effective.parameter = sensor.parameter
        AND NOT effective.day_only
        AND effective.effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' < $__timeTo()::timestamptz
        AND (effective.effective_to IS NULL
             OR effective.effective_to::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' > $__timeFrom()::timestamptz)
 -- Without a limit the ends are those of the time shown: greatest and least pass over NULL.
 CROSS JOIN LATERAL (VALUES
       (greatest(effective.effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', $__timeFrom()::timestamptz)),
       (least(effective.effective_to::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', $__timeTo()::timestamptz))
       ) AS ends(instant)
 WHERE sensor.station = ${station:sqlstring}
   AND sensor.parameter = ${parameter:sqlstring}
 ORDER BY 1, effective.effective_from
