WITH digest AS (
    INSERT INTO outbox (message_id, channel, recipient, subject, text, html, notice)
    VALUES (%(message_id)s, %(channel)s, %(recipient)s, %(subject)s, %(text)s, %(html)s, 'digest')
    RETURNING id
)
UPDATE outbox SET digest_id = digest.id FROM digest WHERE outbox.id = ANY (%(ids)s)
