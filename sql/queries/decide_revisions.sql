SELECT pending, outcome FROM decide_revisions(%(ids)s::bigint[], %(accept)s, %(officer)s, %(reason)s)
