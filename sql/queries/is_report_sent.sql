SELECT EXISTS (SELECT FROM sent_reports WHERE kind = %(kind)s AND first_day = %(first_day)s)
