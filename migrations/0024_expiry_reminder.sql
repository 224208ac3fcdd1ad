-- +goose Up
-- Reminders before a pair ends, 60, 30 and 7 days by default: each once.
CREATE TABLE certificate_reminder (
    pair_id uuid        NOT NULL REFERENCES certificate_state (pair_id),
    days    int         NOT NULL CONSTRAINT certificate_reminder_days CHECK (days BETWEEN 1 AND 400),
    at      timestamptz NOT NULL,
    PRIMARY KEY (pair_id, days)
);
GRANT SELECT, INSERT ON certificate_reminder TO caconsole_app;
GRANT SELECT ON certificate_reminder TO caconsole_read;
