SELECT since, coalesce(kind, 'other') AS kind, channel, words AS state
  FROM channel_changes
 WHERE station = ${station:sqlstring}
   AND $__timeFilter(since)
 ORDER BY since DESC, channel
 LIMIT 500
