SELECT set_config('quantrac.actor', %(login)s, true)
