-- Of the stations of the same park that were heard within the hour: how many, and how many with an open anomaly.
SELECT own.code, count(*), count(*) FILTER (WHERE EXISTS (
           SELECT FROM alerts
            WHERE alerts.station = other.code AND alerts.kind = 'anomaly' AND alerts.resolved_at IS NULL
              AND coalesce(alerts.triage, 'unknown') IN ('pollution', 'natural', 'unknown')))
  FROM current_stations AS own
  JOIN current_stations AS other ON other.park = own.park AND other.code <> own.code
  JOIN station_presence AS heard ON heard.station = other.code
   AND heard.last_received_at > %(now)s::timestamptz - INTERVAL '1 hour'
 WHERE own.code = ANY (%(stations)s::text[])
 GROUP BY own.code
