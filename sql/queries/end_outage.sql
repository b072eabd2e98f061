UPDATE outages SET until = greatest(%(until)s, since + INTERVAL '1 microsecond')
 WHERE id = %(id)s AND until IS NULL
RETURNING id
