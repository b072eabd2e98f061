-- One look at the path: the newest message of a station, the incidents' step, what waits, what fails, what got through.
SELECT (SELECT max(last_received_at) FROM station_presence),
       (SELECT handed_over_at FROM incident_progress),
       (SELECT min(coalesce(next_try_at, created_at)) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL),
       (SELECT min(created_at) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND attempts > 0),
       (SELECT max(sent_at) FROM outbox WHERE created_at > now() - INTERVAL '1 day')
