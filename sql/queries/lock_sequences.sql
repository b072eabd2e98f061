SELECT feeds.station, feeds.session, feeds.seen
  FROM feeds
  JOIN unnest(%(stations)s::text[], %(sessions)s::text[]) AS wanted (station, session) USING (station, session)
 ORDER BY feeds.station, feeds.session
   FOR UPDATE OF feeds
