-- Hours and days of hot spots whose findings are not those that their index was computed from; the oldest first.
SELECT judged.station, judged."window", judged.window_start,
       array_agg(judged.parameter ORDER BY judged.parameter),
       array_agg(judged.mean ORDER BY judged.parameter),
       array_agg(judged.usable_count ORDER BY judged.parameter),
       array_agg(judged.expected ORDER BY judged.parameter),
       max(judged.judged_at)
  FROM judgements AS judged
  LEFT JOIN wqi USING (station, "window", window_start)
 WHERE judged.station = ANY (%(stations)s) AND judged.window_start >= %(since)s
 GROUP BY judged.station, judged."window", judged.window_start, wqi.judged_count, wqi.judged_until
HAVING wqi.judged_until IS NULL OR max(judged.judged_at) <> wqi.judged_until OR count(*) <> wqi.judged_count
 ORDER BY judged.window_start, judged.station, judged."window"
 LIMIT %(limit)s
