-- Now, where it has begun; as if it had never been, where it has not.
UPDATE hold_windows
   SET ends_at = greatest(least(ends_at, %(now)s), starts_at + INTERVAL '1 microsecond'),
       repeat_until = CASE WHEN repeat_days > 0 THEN least(coalesce(repeat_until, %(now)s), %(now)s) END
 WHERE id = %(id)s
RETURNING id
