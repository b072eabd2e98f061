-- What was held back long enough, of recipients who have had no digest about the station for a while. What lies ahead by
-- more than machines' clocks differ is of a clock that was ahead, and delays nothing.
WITH waiting AS (
    SELECT station, channel, recipient
      FROM held_notifications
     WHERE digested_at IS NULL
     GROUP BY station, channel, recipient
    HAVING min(held_at) <= %(now)s::timestamptz - %(after)s::interval
        OR min(held_at) > %(now)s::timestamptz + INTERVAL '1 minute'
), due AS (
    SELECT * FROM waiting
     WHERE NOT EXISTS (
               SELECT FROM held_notifications AS told
                WHERE told.station = waiting.station AND told.channel = waiting.channel
                  AND told.recipient = waiting.recipient
                  AND told.digested_at > %(now)s::timestamptz - %(every)s::interval
                  AND told.digested_at <= %(now)s::timestamptz + INTERVAL '1 minute'
           )
)
UPDATE held_notifications AS held SET digested_at = %(now)s
  FROM due
 WHERE held.digested_at IS NULL
   AND (held.station, held.channel, held.recipient) = (due.station, due.channel, due.recipient)
RETURNING held.id, held.station, held.channel, held.recipient, held.alert_id, held.transition_id, held.subject,
          held.held_at
