-- One change of who is on call after the other; reading goes on meanwhile.
LOCK TABLE people, rotas, escalation_policies IN SHARE ROW EXCLUSIVE MODE
