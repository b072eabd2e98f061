-- Readings that were received and are in no column of the ledger, and messages that loggers numbered and that never came.
SELECT (SELECT coalesce(sum(received - stored - duplicate - revision - dead_letter), 0) FROM ledger) AS residual,
       (SELECT coalesce(sum(upper(range_merge(seen)) - present), 0)
          FROM feeds
         CROSS JOIN LATERAL (SELECT sum(upper(part) - lower(part)) AS present FROM unnest(seen) AS part) AS counted
         WHERE NOT isempty(seen)) AS missing_messages
