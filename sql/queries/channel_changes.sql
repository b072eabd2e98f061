-- The revised ones by when they were revised, too: history that is rewritten is news.
SELECT station, channel, kind, since, state, words, late, until, revised_at, revised_words
  FROM channel_changes
 WHERE (since BETWEEN %(since)s AND %(until)s OR revised_at BETWEEN %(since)s AND %(until)s)
   AND (%(station)s::text IS NULL OR station = %(station)s)
 ORDER BY since DESC, station, channel, revised_at NULLS FIRST
