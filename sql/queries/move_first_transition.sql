-- Past what is dealt with and older than %(after)s. An id above those may still have a lower one under way, so what
-- is dealt with and new does not count.
UPDATE incident_progress SET first_transition = coalesce(
    (SELECT least(
                max(t.id) FILTER (WHERE t.created_at <= %(after)s) + 1,
                coalesce(min(t.id) FILTER (WHERE d.transition_id IS NULL),
                         max(t.id) FILTER (WHERE t.created_at <= %(after)s) + 1))
       FROM alert_transitions t
       LEFT JOIN incident_transitions d ON d.transition_id = t.id
      WHERE t.id >= first_transition
     HAVING count(*) FILTER (WHERE t.created_at <= %(after)s) > 0),
    first_transition)
