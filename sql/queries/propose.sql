SELECT propose(%(kind)s, %(document)s, %(note)s)
