UPDATE installation SET retrospective_before = %(now)s
