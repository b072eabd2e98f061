-- Of each rule the versions up to the incident's end.
SELECT code, effective_from, document
  FROM alert_rules
 WHERE effective_from <= (%(end)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 ORDER BY code, effective_from
