SELECT content FROM incident_attachments WHERE id = %(id)s AND incident_id = %(incident_id)s
