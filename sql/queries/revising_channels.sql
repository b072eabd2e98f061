-- Stations that have lately said otherwise of what their channels had said, and what the first of it was.
SELECT revised.station, count(*) AS times,
       string_agg(DISTINCT revised.channel, ', ' ORDER BY revised.channel) AS channels,
       min(revised.replaced_at) AS revised_since,
       min(revised.since) AS since,
       max(revised.until) AS until
  FROM channel_revisions AS revised
 WHERE revised.replaced_at > %(since)s AND revised.state IS NOT NULL
 GROUP BY revised.station
