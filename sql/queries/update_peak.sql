-- What is worst is decided where the limit and the polluting side are known.
UPDATE alerts
   SET peak_value = %(value)s
 WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
