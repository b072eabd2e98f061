UPDATE contact_channels c SET failing_since = NULL
 WHERE failing_since IS NOT NULL
   AND EXISTS (SELECT FROM outbox o WHERE o.contact_id = c.id AND o.sent_at > c.failing_since)
