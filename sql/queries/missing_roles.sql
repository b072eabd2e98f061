SELECT role
  FROM unnest(ARRAY['quantrac_writer', 'quantrac_notifier', 'quantrac_desk', 'quantrac_trainer', 'quantrac_reader'])
       AS role
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
 ORDER BY role
