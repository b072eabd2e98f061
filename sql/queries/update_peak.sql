-- Below a minimum the lowest value is the peak, else the highest.
UPDATE alerts
   SET peak_value = CASE WHEN %(value)s::float8 < limit_minimum THEN least(peak_value, %(value)s)
                         ELSE greatest(peak_value, %(value)s) END
 WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
