SELECT id, at, actor, name, content_type, encode(sha256, 'hex'), octet_length(content)
  FROM incident_attachments
 WHERE incident_id = %(id)s
 ORDER BY id
