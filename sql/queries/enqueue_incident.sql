INSERT INTO outbox (message_id, channel, recipient, subject, text, html, next_try_at, incident_id, notice, person,
                    contact_id)
VALUES (%(message_id)s, %(channel)s, %(recipient)s, %(subject)s, %(text)s, %(html)s, %(due_at)s, %(incident_id)s,
        %(notice)s, %(person)s, %(contact_id)s)
ON CONFLICT (message_id) DO NOTHING
