SELECT may_decide(%(id)s, %(state)s)
