SELECT document FROM escalation_policies WHERE active ORDER BY position, code
