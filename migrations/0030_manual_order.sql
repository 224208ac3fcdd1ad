-- +goose Up
-- Orders that an issuer opens by hand (人工): a path of their own, papers of their own, two issuers instead of a review.
ALTER TABLE orders DROP CONSTRAINT orders_path;
ALTER TABLE orders ADD CONSTRAINT orders_path CHECK (path IN ('online', 'reviewed', 'manual'));
ALTER TABLE orders ADD CONSTRAINT orders_kind_path CHECK ((kind = 'manual') = (path = 'manual'));
ALTER TABLE orders ADD CONSTRAINT orders_waived CHECK (payment <> 'waived' OR path = 'manual');
CREATE INDEX orders_manual ON orders (stage_since, id) WHERE kind = 'manual' AND closed_at IS NULL AND issuance IN ('none', 'failed');

ALTER TABLE document DROP CONSTRAINT document_kind;
ALTER TABLE document ADD CONSTRAINT document_kind CHECK (kind IN
    ('application_form', 'business_licence', 'remittance_voucher', 'identity_evidence', 'consent_paper', 'grounds_paper'));

-- Why an issuer opened an order, by what the agent's identity was seen, where the consent is, why nothing is paid: one row
-- for each version, append-only. What was written freely may name persons and is sealed.
CREATE TABLE manual_order (
    id           uuid        PRIMARY KEY,
    order_id     uuid        NOT NULL REFERENCES orders (id),
    version      int         NOT NULL CONSTRAINT manual_order_number CHECK (version >= 1),
    written_by   uuid        NOT NULL REFERENCES staff (id),
    grounds      text        NOT NULL,
    identified   text        NOT NULL,
    consent      text        NOT NULL,
    waiver       text        NOT NULL,
    texts_sealed bytea       NOT NULL CONSTRAINT manual_order_texts_sealed CHECK (octet_length(texts_sealed) >= 34 AND get_byte(texts_sealed, 0) = 1),
    csr          bytea, -- PKCS#10, DER; NULL where the Ukey's keys are kept
    digest       bytea       NOT NULL CONSTRAINT manual_order_digest CHECK (octet_length(digest) = 32),
    created_at   timestamptz NOT NULL,
    CONSTRAINT manual_order_version UNIQUE (order_id, version)
);
GRANT SELECT, INSERT ON manual_order TO caconsole_app;
GRANT SELECT (id, order_id, version, written_by, grounds, identified, consent, waiver, created_at) ON manual_order TO caconsole_read;

-- What the second issuer sent back, and why. Append-only.
CREATE TABLE manual_return (
    id            uuid        PRIMARY KEY,
    order_id      uuid        NOT NULL REFERENCES orders (id),
    version       int         NOT NULL, -- of manual_order that was refused
    staff_id      uuid        NOT NULL REFERENCES staff (id),
    reason_sealed bytea       NOT NULL CONSTRAINT manual_return_reason_sealed CHECK (octet_length(reason_sealed) >= 34 AND get_byte(reason_sealed, 0) = 1),
    at            timestamptz NOT NULL
);
CREATE INDEX manual_return_of_order ON manual_return (order_id, at DESC);
GRANT SELECT, INSERT ON manual_return TO caconsole_app;

-- The CSR whose key an authorisation is for, as those who signed it saw it. Append-only.
CREATE TABLE authorisation_csr (
    authorisation_id uuid  PRIMARY KEY REFERENCES authorisation (id),
    csr              bytea NOT NULL
);
GRANT SELECT, INSERT ON authorisation_csr TO caconsole_app;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'issuer', 'issuance', 'manual');
