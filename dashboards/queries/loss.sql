-- What can be lost or is not dealt with yet. The ledger's residual is not among it: the database refuses any but 0.
SELECT (SELECT coalesce(sum(messages), 0)::bigint FROM missing_messages WHERE station IN (${stations:sqlstring}))
           AS missing_messages,
       (SELECT coalesce(sum(greatest(residual, 0)), 0)::bigint
          FROM message_ledger
         WHERE station IN (${stations:sqlstring})) AS lost_messages,
       (SELECT count(*)
          FROM dead_letters
         WHERE replayed_at IS NULL AND station IN (${stations:sqlstring}, '')) AS dead_letters,
       (SELECT coalesce(sum(messages), 0)::bigint
          FROM deferred_records
         WHERE read_at IS NULL AND station IN (${stations:sqlstring})) AS deferred
