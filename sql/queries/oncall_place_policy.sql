SELECT coalesce((SELECT position FROM escalation_policies WHERE code = %(code)s AND active), max(position) + 1, 0)
  FROM escalation_policies
