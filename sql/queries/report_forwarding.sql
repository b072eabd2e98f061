SELECT target, station,
       count(*) FILTER (WHERE accepted_at IS NOT NULL),
       count(*) FILTER (WHERE proof = 'reply'),
       count(*) FILTER (WHERE accepted_at IS NULL AND given_up_at IS NULL),
       count(*) FILTER (WHERE given_up_at IS NOT NULL),
       max(accepted_at),
       min(received_at) FILTER (WHERE accepted_at IS NULL AND given_up_at IS NULL),
       (array_agg(last_error ORDER BY id DESC) FILTER (WHERE last_error IS NOT NULL))[1]
  FROM forwarded_files
 GROUP BY target, station
 ORDER BY target, station
