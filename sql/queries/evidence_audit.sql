-- With the hash of the entry before each: so it can be told where in the chain it stands.
SELECT a.id, a.entry, a.hash, b.hash AS hash_before
  FROM audit a LEFT JOIN audit b ON b.id = a.id - 1
 WHERE a.entry::jsonb ->> 'subject' = ANY(%(subjects)s)
 ORDER BY a.id
