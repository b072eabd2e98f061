UPDATE accounts
   SET name = %(name)s, role = %(role)s, stations = %(stations)s, person = %(person)s, active = %(active)s,
       changed_at = clock_timestamp()
 WHERE login = %(login)s
RETURNING login
