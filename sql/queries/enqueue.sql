INSERT INTO outbox (alert_id, transition_id, message_id, channel, recipient, subject, text, html, created_at)
VALUES (
    %(alert_id)s, %(transition_id)s, %(message_id)s, %(channel)s, %(recipient)s, %(subject)s, %(text)s, %(html)s,
    coalesce(%(now)s::timestamptz, now())
)
ON CONFLICT (message_id) DO NOTHING
