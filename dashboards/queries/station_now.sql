SELECT status.rank,
       status.since,
       status.urgent_alerts,
       status.open_alerts - status.urgent_alerts AS work_items,
       status.last_observed_at,
       (SELECT sum(received) / nullif(sum(expected), 0)
          FROM data_received((now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AS day
         WHERE day.station = status.code) AS received
  FROM station_statuses AS status
 WHERE status.code = ${station:sqlstring}
