SELECT code, effective_from, document FROM alert_rules ORDER BY code, effective_from
