SELECT revise_by_desk(%(what)s, %(station)s, %(parameter)s, %(since)s, %(until)s, %(value)s, %(officer)s, %(reason)s)
