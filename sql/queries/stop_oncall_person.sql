UPDATE people SET active = false, changed_at = %(now)s WHERE active AND code = %(code)s
