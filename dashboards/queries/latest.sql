WITH
--@ limits
,
--@ latest
SELECT latest.station,
       latest.parameter,
       latest.value,
       latest.unit,
       latest.minimum,
       latest.maximum,
       CASE WHEN latest.usable THEN latest.share END AS share,
       latest.source,
       latest.status,
       latest.flag,
       latest.score,
       latest.score_reason,
       latest.observed_at
  FROM latest
 WHERE latest.station IN (${stations:sqlstring})
 ORDER BY share DESC NULLS LAST, latest.station, latest.parameter
