-- By recipient: messages about a station in a time, the severities that they told, whether one of this alert is held back.
-- What lies ahead by more than machines' clocks differ is of a clock that was ahead, and withholds nothing.
SELECT channel, recipient, sum(sent)::integer,
       array_agg(DISTINCT severity) FILTER (WHERE sent > 0 AND kind <> 'resolved'), bool_or(held)
  FROM (SELECT outbox.channel, outbox.recipient, 1 AS sent, alert_transitions.severity, alert_transitions.kind,
               false AS held
          FROM outbox
          JOIN alerts ON alerts.id = outbox.alert_id
          JOIN alert_transitions ON alert_transitions.id = outbox.transition_id
         WHERE alerts.station = %(station)s
           AND outbox.created_at > coalesce(%(now)s::timestamptz, now()) - %(per)s::interval
           AND outbox.created_at <= coalesce(%(now)s::timestamptz, now()) + INTERVAL '1 minute'
         UNION ALL
        SELECT channel, recipient, 0, NULL, NULL, true FROM held_notifications WHERE alert_id = %(alert_id)s) AS told
 GROUP BY channel, recipient
