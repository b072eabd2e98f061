-- The page lists the newest decisions; most rows are superseded ones.
CREATE INDEX pending_judgements_decided ON pending_judgements (decided_at DESC) WHERE state IN ('accepted', 'rejected');
