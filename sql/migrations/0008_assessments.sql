-- What the model takes an anomaly for stands apart from the explanation, which says what happened and how much.

ALTER TABLE alerts
    ADD COLUMN triage_reasons_vi text[],
    ADD COLUMN triage_reasons_en text[],
    ADD CONSTRAINT alerts_reasons_in_both_languages
        CHECK (cardinality(triage_reasons_vi) IS NOT DISTINCT FROM cardinality(triage_reasons_en));
COMMENT ON COLUMN alerts.triage_reasons_vi IS 'Why the model takes the anomaly for that, the strongest reason first. NULL beside a triage: the alert is older than the column, and its explanation ends with class and reasons.';

-- The words of the field: officers are paged.
UPDATE alert_transitions SET reason = 'paged' || substr(reason, 5) WHERE reason IN ('told_by_limit', 'told_by_incident');
