SELECT since, coalesce(kind, 'other') AS kind, channel, words || CASE WHEN late THEN ' (báo muộn)' ELSE '' END AS state, revised_at,
       CASE WHEN revised_at IS NOT NULL THEN coalesce(revised_words, '-') END AS revised_state
  FROM channel_changes
 WHERE station = ${station:sqlstring}
   AND ($__timeFilter(since) OR $__timeFilter(revised_at))
 ORDER BY since DESC, channel, revised_at NULLS FIRST
 LIMIT 500
