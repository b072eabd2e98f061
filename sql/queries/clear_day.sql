-- Not when it changed since it was read, so that it will be judged again.
UPDATE reading_days SET dirty = false, rejudged = false, failure = NULL, failures = 0, try_after = NULL
 WHERE station = %(station)s AND parameter = %(parameter)s AND day = (%(window_start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
   AND total_count = %(total_count)s AND NOT stale
