INSERT INTO held_notifications (
    alert_id, transition_id, message_id, station, channel, recipient, subject, held_at
)
VALUES (
    %(alert_id)s, %(transition_id)s, %(message_id)s, %(station)s, %(channel)s, %(recipient)s, %(subject)s,
    coalesce(%(now)s::timestamptz, now())
)
ON CONFLICT (message_id) DO NOTHING
