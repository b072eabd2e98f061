-- Past what is dealt with and so old that no transaction with a lower id can still be under way.
UPDATE incident_progress SET first_transition = coalesce(
    (SELECT min(t.id) FROM alert_transitions t
      WHERE t.id >= first_transition
        AND (t.created_at > %(after)s
             OR NOT EXISTS (SELECT FROM incident_transitions d WHERE d.transition_id = t.id))),
    first_transition)
