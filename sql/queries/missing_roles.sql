SELECT role
  FROM unnest(ARRAY['quantrac_writer', 'quantrac_notifier', 'quantrac_desk', 'quantrac_trainer', 'quantrac_intake',
                    'quantrac_reader', 'quantrac_web'])
       AS role
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
 ORDER BY role
