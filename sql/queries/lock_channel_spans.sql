-- Every span that the instants may touch: those that begin between them, and the last one that begins before.
SELECT since, until, state, late
  FROM channel_spans
 WHERE station = %(station)s AND channel = %(channel)s AND since <= %(newest)s
   AND since >= coalesce((SELECT max(since) FROM channel_spans
                           WHERE station = %(station)s AND channel = %(channel)s AND since <= %(oldest)s),
                         '-infinity')
 ORDER BY since
   FOR UPDATE
