-- Of stations, and of the people who may be on duty; one whose code is not confirmed yet gets that code.
SELECT DISTINCT contact FROM stations CROSS JOIN unnest(contacts) AS contact
UNION
SELECT address FROM contact_channels WHERE removed_at IS NULL
