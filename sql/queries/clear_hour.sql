-- Not when it changed since it was read, so that it will be judged again.
UPDATE reading_hours SET dirty = false, rejudged = false, failure = NULL, failures = 0, try_after = NULL
 WHERE station = %(station)s AND parameter = %(parameter)s AND hour_start = %(window_start)s
   AND total_count = %(total_count)s AND NOT stale
