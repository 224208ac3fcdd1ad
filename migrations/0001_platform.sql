-- +goose Up

-- Idempotency keys (package admin/idem). The row is written in the transaction of the effect it stands for.
CREATE TABLE idem_key (
    principal  text        NOT NULL,
    key        text        NOT NULL,
    digest     bytea       NOT NULL,
    answer     jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key),
    CONSTRAINT idem_key_principal CHECK (octet_length(principal) BETWEEN 1 AND 200),
    CONSTRAINT idem_key_key CHECK (octet_length(key) BETWEEN 1 AND 200),
    CONSTRAINT idem_key_digest CHECK (octet_length(digest) = 32)
);
CREATE INDEX idem_key_age ON idem_key (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON idem_key TO caconsole_app;

-- Callbacks as they came in (package admin/inbox), before a byte of them is believed. Bodies hold personal data.
CREATE TABLE inbox_callback (
    id          uuid        PRIMARY KEY,
    source      text        NOT NULL,
    headers     jsonb       NOT NULL,
    body_sealed bytea       NOT NULL,
    state       text        NOT NULL DEFAULT 'received',
    reason      text        NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    settled_at  timestamptz,
    CONSTRAINT inbox_callback_state CHECK (state IN ('received', 'verified', 'rejected', 'done')),
    CONSTRAINT inbox_callback_settled CHECK ((state IN ('rejected', 'done')) = (settled_at IS NOT NULL)),
    CONSTRAINT inbox_callback_sealed CHECK (octet_length(body_sealed) >= 34 AND get_byte(body_sealed, 0) = 1)
);
CREATE INDEX inbox_callback_open ON inbox_callback (received_at) WHERE state IN ('received', 'verified');
CREATE INDEX inbox_callback_source ON inbox_callback (source, received_at);
CREATE INDEX inbox_callback_age ON inbox_callback (settled_at) WHERE settled_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox_callback TO caconsole_app;

-- Rate limits (package admin/throttle): how many tokens a bucket had when it was last touched. Losing this table in a
-- crash forgives a few attempts, so it is not worth a write-ahead log.
CREATE UNLOGGED TABLE throttle_bucket (
    bucket     text             PRIMARY KEY,
    tokens     double precision NOT NULL,
    touched_at timestamptz      NOT NULL,
    full_at    timestamptz      NOT NULL,
    CONSTRAINT throttle_bucket_name CHECK (octet_length(bucket) BETWEEN 1 AND 300)
);
CREATE INDEX throttle_bucket_full ON throttle_bucket (full_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON throttle_bucket TO caconsole_app;
