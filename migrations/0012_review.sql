-- +goose Up
-- A claim is a lease: one person works on an order until it runs out, is given back or the verdict falls.
CREATE TABLE review_claim (
    order_id   uuid PRIMARY KEY REFERENCES orders (id),
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    claimed_at timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    CONSTRAINT review_claim_until CHECK (until > claimed_at)
);
CREATE INDEX review_claim_by_staff ON review_claim (staff_id, until);
CREATE INDEX review_claim_until_idx ON review_claim (until);
GRANT SELECT, INSERT, UPDATE, DELETE ON review_claim TO caconsole_app;
GRANT SELECT ON review_claim TO caconsole_read;

-- What a reviewer has ticked and written so far; it outlives the claim and a hand-over.
CREATE TABLE review_draft (
    order_id      uuid PRIMARY KEY REFERENCES orders (id),
    staff_id      uuid        NOT NULL REFERENCES staff (id),
    checks        jsonb       NOT NULL,
    items         jsonb       NOT NULL,
    customer_text text        NOT NULL CONSTRAINT review_draft_customer_text CHECK (length(customer_text) <= 500),
    note          text        NOT NULL CONSTRAINT review_draft_note CHECK (length(note) <= 2000),
    updated_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON review_draft TO caconsole_app;
GRANT SELECT ON review_draft TO caconsole_read;

-- A verdict is never changed: a later one of the same order is a further row. effective_at ends its undo window.
CREATE TABLE review_verdict (
    id              uuid PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES orders (id),
    staff_id        uuid        NOT NULL REFERENCES staff (id),
    decision        text        NOT NULL CONSTRAINT review_verdict_decision CHECK (decision IN ('approved', 'returned', 'rejected')),
    content_version int         NOT NULL,
    content_digest  bytea       NOT NULL CONSTRAINT review_verdict_content_digest CHECK (octet_length(content_digest) = 32),
    checks          jsonb       NOT NULL,
    items           jsonb       NOT NULL,
    customer_text   text        NOT NULL,
    note            text        NOT NULL,
    claimed_at      timestamptz NOT NULL,
    at              timestamptz NOT NULL,
    effective_at    timestamptz NOT NULL
);
CREATE INDEX review_verdict_of_order ON review_verdict (order_id, at DESC);
CREATE INDEX review_verdict_by_staff ON review_verdict (staff_id, at DESC);
GRANT SELECT, INSERT ON review_verdict TO caconsole_app;
GRANT SELECT ON review_verdict TO caconsole_read;
