-- A page that its channel did not take at the second try, or refused for good: the channel is failing, and the next
-- channel of the same person is due at once.
WITH failed AS (
    UPDATE outbox SET fallen_back_at = %(now)s
     WHERE notice = 'page' AND contact_id IS NOT NULL AND sent_at IS NULL AND withdrawn_at IS NULL
       AND fallen_back_at IS NULL AND (failed_at IS NOT NULL OR attempts >= 2)
    RETURNING id, incident_id, person, contact_id
), marked AS (
    UPDATE contact_channels SET failing_since = %(now)s
     WHERE id IN (SELECT contact_id FROM failed) AND failing_since IS NULL
), following AS (
    SELECT DISTINCT ON (f.id) f.incident_id, f.person, n.id
      FROM failed f
      JOIN outbox n ON n.incident_id = f.incident_id AND n.person = f.person AND n.notice = 'page'
       AND n.id > f.id AND n.sent_at IS NULL AND n.failed_at IS NULL AND n.attempts = 0
       AND n.next_try_at > %(now)s
     ORDER BY f.id, n.next_try_at, n.id
), brought AS (
    UPDATE outbox SET next_try_at = %(now)s WHERE id IN (SELECT id FROM following)
)
SELECT f.incident_id, f.person, n.id IS NOT NULL
  FROM failed f LEFT JOIN following n ON n.incident_id = f.incident_id AND n.person = f.person
