SELECT id, name, content FROM incident_attachments WHERE incident_id = %(id)s ORDER BY id
