SELECT decide_proposal(%(id)s, %(state)s, %(tables)s)
