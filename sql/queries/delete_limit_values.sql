DELETE FROM limit_values WHERE limit_set = %(code)s AND effective_from = %(effective_from)s
