-- Sealed files that were made of an incident, the newest first.
SELECT entry FROM audit
 WHERE entry::jsonb ->> 'subject' = %(subject)s AND entry::jsonb ->> 'action' = 'evidence made'
 ORDER BY id DESC
 LIMIT 10
