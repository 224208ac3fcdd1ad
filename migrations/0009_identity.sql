-- +goose Up
-- One try of the agent to prove who they are: original ID card and liveness, at a vendor.
CREATE TABLE identity_attempt (
    id              uuid PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES orders (id),
    project_id      uuid        NOT NULL REFERENCES project (id),
    number          int         NOT NULL CONSTRAINT identity_attempt_number CHECK (number >= 1),
    vendor          text        NOT NULL,
    state           text        NOT NULL CONSTRAINT identity_attempt_state CHECK (state IN ('begun', 'pending', 'passed', 'failed', 'expired')),
    -- Who has to appear: sealed as the order had it when the try began.
    name_sealed     bytea       NOT NULL CONSTRAINT identity_attempt_name_sealed CHECK (octet_length(name_sealed) >= 34 AND get_byte(name_sealed, 0) = 1),
    id_sealed       bytea       NOT NULL CONSTRAINT identity_attempt_id_sealed CHECK (octet_length(id_sealed) >= 34 AND get_byte(id_sealed, 0) = 1),
    -- The vendor's token opens the page: a credential while the try runs.
    token_sealed    bytea       CONSTRAINT identity_attempt_token_sealed CHECK (octet_length(token_sealed) >= 34 AND get_byte(token_sealed, 0) = 1),
    token_index     bytea       CONSTRAINT identity_attempt_token_index CHECK (octet_length(token_index) = 16),
    url_sealed      bytea       CONSTRAINT identity_attempt_url_sealed CHECK (octet_length(url_sealed) >= 34 AND get_byte(url_sealed, 0) = 1),
    threshold_centi int         NOT NULL CONSTRAINT identity_attempt_threshold CHECK (threshold_centi BETWEEN 0 AND 10000),
    score_centi     int         CONSTRAINT identity_attempt_score CHECK (score_centi BETWEEN 0 AND 10000),
    live            boolean,
    compared        boolean,
    library         text        NOT NULL DEFAULT '',
    vendor_code     text        NOT NULL DEFAULT '',
    reason          text        NOT NULL DEFAULT '',
    warnings        jsonb       NOT NULL DEFAULT '[]',
    result_sealed   bytea       CONSTRAINT identity_attempt_result_sealed CHECK (octet_length(result_sealed) >= 34 AND get_byte(result_sealed, 0) = 1),
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    CONSTRAINT identity_attempt_once UNIQUE (order_id, number)
);
CREATE INDEX identity_attempt_by_token ON identity_attempt (token_index) WHERE token_index IS NOT NULL;
CREATE INDEX identity_attempt_open ON identity_attempt (created_at, id) WHERE state IN ('begun', 'pending');
GRANT SELECT, INSERT, UPDATE ON identity_attempt TO caconsole_app;
GRANT SELECT (id, order_id, project_id, number, vendor, state, threshold_centi, score_centi, live, compared, library, vendor_code, reason, warnings, expires_at, created_at, finished_at) ON identity_attempt TO caconsole_read;

-- Pictures of a try: card and best frame, sealed files. They are deleted when their time is over; the row says so.
CREATE TABLE identity_image (
    attempt_id      uuid        NOT NULL REFERENCES identity_attempt (id),
    which           text        NOT NULL CONSTRAINT identity_image_which CHECK (which IN ('card_front', 'card_back', 'best_frame')),
    object_key      text        NOT NULL,
    sm3             bytea       NOT NULL CONSTRAINT identity_image_sm3 CHECK (octet_length(sm3) = 32),
    size_bytes      bigint      NOT NULL,
    data_key_sealed bytea       NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (attempt_id, which)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_image TO caconsole_app;

-- Carriers' three-factor checks (运营商三要素) of the agent; append-only.
CREATE TABLE telecom_check (
    id          uuid PRIMARY KEY,
    order_id    uuid        NOT NULL REFERENCES orders (id),
    outcome     text        NOT NULL CONSTRAINT telecom_check_outcome CHECK (outcome IN ('match', 'mismatch', 'unknown')),
    vendor_code text        NOT NULL,
    carrier     text        NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX telecom_check_of_order ON telecom_check (order_id, created_at DESC);
GRANT SELECT, INSERT ON telecom_check TO caconsole_app;
GRANT SELECT ON telecom_check TO caconsole_read;
