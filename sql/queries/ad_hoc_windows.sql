-- Sensors whose logger says that they calibrate, since when; one that has done so for too long is left out.
SELECT l.station, l.parameter, before.since
  FROM latest_readings l
  CROSS JOIN LATERAL (
        SELECT max(r.observed_at) AS since
          FROM readings r
         WHERE r.station = l.station AND r.parameter = l.parameter AND r.status <> '01'
           AND r.observed_at > %(earliest)s AND r.observed_at < l.observed_at
       ) before
 WHERE l.status = '01' AND l.received_at > %(fresh_after)s AND before.since IS NOT NULL
 ORDER BY l.station, l.parameter
