-- A stale value is neither good nor bad: it is grey, and has no share of its limit.
SELECT short_name(station.name_vi) AS name,
       latest.parameter,
       latest.value,
       latest.unit,
       limit_text(latest.minimum, latest.maximum) AS limits,
       CASE WHEN latest.usable AND NOT latest.stale THEN latest.share END AS share,
       CASE WHEN latest.stale THEN 'stale' ELSE latest.status END AS status,
       latest.observed_at,
       CASE WHEN latest.stale THEN '-' ELSE latest.flag::text END AS flag,
       CASE WHEN NOT latest.stale THEN latest.score END AS score,
       CASE WHEN NOT latest.stale AND latest.score >= 0.5 THEN latest.score_reason END AS score_reason,
       latest.source,
       latest.station AS code
  FROM sensor_latest AS latest
  JOIN current_stations AS station ON station.code = latest.station
 WHERE latest.station IN (${stations:sqlstring})
 ORDER BY share DESC NULLS LAST, latest.station, latest.position
