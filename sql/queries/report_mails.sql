SELECT address FROM report_mails WHERE kind = %(kind)s AND first_day = %(first_day)s
