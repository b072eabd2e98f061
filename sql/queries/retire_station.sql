-- A station that was registered on that very day is in service on it.
UPDATE stations SET effective_to = greatest(%(day)s::date, effective_from + 1)
 WHERE code = %(code)s
   AND effective_from = (SELECT max(effective_from) FROM stations WHERE code = %(code)s)
   AND (effective_to IS NULL OR effective_to > %(day)s)
