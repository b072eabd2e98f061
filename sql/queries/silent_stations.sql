-- Every station that is in force or was ever heard, the longest silent first; NULL: never heard.
SELECT station, last_received_at, online
  FROM station_presence
  FULL JOIN (
        SELECT DISTINCT code AS station FROM stations
         WHERE effective_from <= (%(now)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
       ) AS registered USING (station)
 WHERE last_received_at IS NULL OR last_received_at < %(now)s
 ORDER BY last_received_at NULLS FIRST, station
