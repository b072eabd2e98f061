-- Who has a report of the province already, noted mail by mail: while one mailbox is full, a reporter that starts again
-- sends the report to the others no second time.
CREATE TABLE report_mails (
    kind      text         NOT NULL CHECK (kind IN ('day', 'month')),
    first_day date         NOT NULL,
    address   text         NOT NULL,
    done_at   timestamptz  NOT NULL,
    PRIMARY KEY (kind, first_day, address)
);
COMMENT ON TABLE report_mails IS 'Addresses for which the mail server has taken a report, or has refused it for good.';
