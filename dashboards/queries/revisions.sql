SELECT short_name(station.name_vi) AS name,
       revision.parameter,
       count(*) AS revisions,
       min(revision.observed_at) AS first_observed_at,
       max(revision.observed_at) AS last_observed_at,
       max(revision.replaced_at) AS last_replaced_at,
       revision.station AS code
  FROM reading_revisions AS revision
  JOIN current_stations AS station ON station.code = revision.station
 WHERE revision.station IN (${stations:sqlstring})
   AND $__timeFilter(revision.observed_at)
 GROUP BY revision.station, station.name_vi, revision.parameter
 ORDER BY revisions DESC
 LIMIT 200
