-- A mark for each topic of the open pages: it changes when what they show may have changed.
SELECT concat_ws(' ',
           (SELECT max(id) FROM incident_events),
           (SELECT md5(string_agg(concat_ws(':', i.id, i.state, i.holder, i.reason, i.snoozed_until, i.acted_at), ',' ORDER BY i.id))
              FROM incidents i WHERE i.state IN ('open', 'acknowledged', 'snoozed')),
           (SELECT max(id) FROM alert_transitions)),
       concat_ws(' ', (SELECT max(last_received_at) FROM station_presence), (SELECT max(id) FROM alert_transitions)),
       concat_ws(' ', (SELECT max(id) FROM rota_overrides WHERE withdrawn_at IS NULL),
                 (SELECT md5(string_agg(id || state, ',' ORDER BY id)) FROM rota_swaps),
                 (SELECT max(changed_at) FROM rotas), (SELECT max(id) FROM hold_windows),
                 (SELECT max(ends_at) FROM hold_windows))
