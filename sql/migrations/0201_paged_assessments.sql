-- What officers read of an anomaly when they were told first; the alert itself says what the model makes of it now.
CREATE TABLE paged_assessments (
    alert_id           bigint           PRIMARY KEY REFERENCES alerts (id),
    paged_at           timestamptz      NOT NULL,
    triage             text             NOT NULL,
    triage_probability double precision NOT NULL CHECK (triage_probability BETWEEN 0 AND 1)
);
COMMENT ON TABLE paged_assessments IS 'What the model took an alert for, and how sure it was, in the first message about it.';
CREATE TRIGGER paged_assessments_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON paged_assessments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
