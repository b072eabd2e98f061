SELECT greatest(extract(epoch FROM now() - max(minute))::float8 / 60 - 1, 0) AS silent_min,
       (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL) AS outbox_waiting,
       (SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL AND $__timeFilter(created_at)) AS outbox_failed,
       (SELECT count(*) FROM outages WHERE until IS NULL) AS outages,
       (SELECT count(*) FROM reading_hours WHERE dirty) + (SELECT count(*) FROM reading_days WHERE dirty) AS unjudged,
       pg_database_size(current_database())::float8 AS bytes,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections
  FROM delays
