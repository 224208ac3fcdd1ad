-- +goose Up
-- What a person decided of a renewal whose update nobody has fetched for long (decide_after_days): wait until a day, or
-- leave it to the holder for good. Append-only; the newest one counts.
CREATE TABLE update_decision (
    id       uuid        PRIMARY KEY,
    order_id uuid        NOT NULL REFERENCES orders (id),
    staff_id uuid        NOT NULL REFERENCES staff (id),
    decision text        NOT NULL CONSTRAINT update_decision_decision CHECK (decision IN ('extend', 'rest')),
    until    timestamptz CONSTRAINT update_decision_until CHECK ((until IS NOT NULL) = (decision = 'extend')),
    reason   text        NOT NULL CONSTRAINT update_decision_reason CHECK (length(reason) BETWEEN 1 AND 500),
    at       timestamptz NOT NULL
);
CREATE INDEX update_decision_of_order ON update_decision (order_id, at DESC);
GRANT SELECT, INSERT ON update_decision TO caconsole_app;
GRANT SELECT ON update_decision TO caconsole_read;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'hotline_lead', 'update', 'decide'),
    ('p', 'review_lead', 'update', 'decide');
