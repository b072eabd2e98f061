SELECT coalesce((SELECT position FROM people WHERE code = %(code)s AND active), max(position) + 1, 0) FROM people
