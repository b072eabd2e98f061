SELECT pending, outcome FROM decide_revisions_by_account(%(ids)s::bigint[], %(accept)s, %(reason)s)
