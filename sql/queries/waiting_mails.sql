-- Mails about incidents that are neither sent nor given up nor stand in another one's place, in the order of writing.
SELECT mail.id, mail.recipient, mail.incident_id, mail.notice, mail.subject, mail.text, mail.attempts,
       EXISTS (SELECT FROM outbox AS sent
                WHERE sent.incident_id = mail.incident_id AND sent.channel = mail.channel
                  AND sent.recipient = mail.recipient AND sent.sent_at IS NOT NULL),
       incidents.state,
       (SELECT min(alerts.since)
          FROM incident_alerts JOIN alerts ON alerts.id = incident_alerts.alert_id
         WHERE incident_alerts.incident_id = incidents.id),
       coalesce(incidents.resolved_at, incidents.closed_at),
       EXISTS (SELECT FROM incidents AS named WHERE named.digest = incidents.id),
       mail.id <> %(in_hand)s AND coalesce(mail.locked_until > %(now)s, false)
  FROM outbox AS mail
  JOIN incidents ON incidents.id = mail.incident_id
 WHERE mail.channel = %(channel)s AND mail.sent_at IS NULL AND mail.failed_at IS NULL AND mail.digest_id IS NULL
 ORDER BY mail.id
   FOR UPDATE OF mail
