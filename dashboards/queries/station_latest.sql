SELECT latest.parameter,
       latest.value,
       latest.unit,
       limit_text(latest.minimum, latest.maximum) AS limits,
       CASE WHEN latest.usable AND NOT latest.stale THEN latest.share END AS share,
       CASE WHEN latest.stale THEN 'stale' ELSE latest.status END AS status,
       latest.observed_at,
       CASE WHEN latest.stale THEN '-' ELSE latest.flag::text END AS flag,
       CASE WHEN NOT latest.stale THEN latest.score END AS score,
       latest.source
  FROM sensor_latest AS latest
 WHERE latest.station = ${station:sqlstring}
 ORDER BY latest.position
