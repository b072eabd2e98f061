-- The oldest waiting file of each station: the next one waits for it, so that the order is kept.
SELECT id, station, file_name, sha256, content, received_at, tries
  FROM (SELECT DISTINCT ON (station) *
          FROM forwarded_files
         WHERE target = %(target)s AND accepted_at IS NULL AND given_up_at IS NULL
         ORDER BY station, id) AS oldest
 WHERE octet_length(content) = size AND (next_try_at IS NULL OR next_try_at <= %(now)s)
 ORDER BY id
 LIMIT %(limit)s
