-- +goose Up
-- Encryption keys asked for at the key management centre, under the id of the request to the signer that is to certify
-- them. Written before the centre is asked, so that the same key is asked for again after a crash. Append-only.
CREATE TABLE key_application (
    request_id uuid PRIMARY KEY,
    order_id   uuid        NOT NULL REFERENCES orders (id),
    sign_key   bytea       NOT NULL, -- SubjectPublicKeyInfo, DER: whose owner alone can open the answer
    user_id    text        NOT NULL CONSTRAINT key_application_user CHECK (user_id <> ''),
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL CONSTRAINT key_application_validity CHECK (not_after > not_before),
    created_at timestamptz NOT NULL
);
CREATE INDEX key_application_of_order ON key_application (order_id, created_at DESC);
GRANT SELECT, INSERT ON key_application TO caconsole_app;

-- What the centre answered: our evidence of it, and both messages as they went over the wire. The private key in them is
-- under the Ukey's sign key. Append-only.
CREATE TABLE key_answer (
    request_id uuid PRIMARY KEY REFERENCES key_application (request_id),
    evidence   bytea       NOT NULL,
    sent       bytea       NOT NULL,
    received   bytea       NOT NULL,
    at         timestamptz NOT NULL
);
GRANT SELECT, INSERT ON key_answer TO caconsole_app;
