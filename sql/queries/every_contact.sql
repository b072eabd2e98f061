SELECT DISTINCT contact FROM stations CROSS JOIN unnest(contacts) AS contact
