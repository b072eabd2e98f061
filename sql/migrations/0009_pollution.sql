-- One word for pollution: what the model took an anomaly for was stored as 'process'.
UPDATE alerts SET triage = 'pollution' WHERE triage = 'process';
COMMENT ON COLUMN alerts.triage IS 'What the model takes an anomaly for: pollution, fault, maintenance, ...; NULL: it cannot tell.';
