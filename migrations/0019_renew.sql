-- +goose Up
-- When the certificate ends that an order renews: an order of the online path that was not proved by then is taken up by
-- a sweep.
ALTER TABLE orders ADD COLUMN old_not_after timestamptz;
UPDATE orders SET old_not_after = c.not_after FROM certificate c WHERE c.pair_id = orders.old_pair_id AND c.kind = 'sign';
CREATE INDEX orders_expiring ON orders (old_not_after, id)
    WHERE path = 'online' AND closed_at IS NULL AND issuance IN ('none', 'failed') AND payment NOT IN ('refunding', 'refunded');

-- The signature of an old Ukey over the authorisation of its own renewal: what stands on the online path for the two
-- approvals of staff. Append-only.
CREATE TABLE holder_proof (
    authorisation_id uuid PRIMARY KEY REFERENCES authorisation (id),
    update_id        uuid        NOT NULL CONSTRAINT holder_proof_update_key UNIQUE REFERENCES update_session (id),
    signature        bytea       NOT NULL,
    at               timestamptz NOT NULL
);
GRANT SELECT, INSERT ON holder_proof TO caconsole_app;
GRANT SELECT ON holder_proof TO caconsole_read;

-- An order that a lead has told not to stand in the way of its applicant's next renewal (一次一张), and why. Append-only.
CREATE TABLE order_unblocked (
    order_id uuid PRIMARY KEY REFERENCES orders (id),
    staff_id uuid        NOT NULL REFERENCES staff (id),
    reason   text        NOT NULL CONSTRAINT order_unblocked_reason CHECK (length(reason) BETWEEN 1 AND 500),
    at       timestamptz NOT NULL
);
GRANT SELECT, INSERT ON order_unblocked TO caconsole_app;
GRANT SELECT ON order_unblocked TO caconsole_read;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'review_lead', 'order', 'unblock'),
    ('p', 'hotline_lead', 'order', 'unblock');
