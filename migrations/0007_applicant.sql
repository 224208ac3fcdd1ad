-- +goose Up
-- Applicants of the web hall: accounts by login phone, one-time codes, tokens, consents.

CREATE TABLE applicant (
    id            uuid PRIMARY KEY,
    phone_sealed  bytea NOT NULL,
    phone_index   bytea NOT NULL CONSTRAINT applicant_phone_once UNIQUE,
    phone_mask    text NOT NULL,
    created_at    timestamptz NOT NULL,
    last_login_at timestamptz NOT NULL,
    CONSTRAINT applicant_phone_sealed_form CHECK (octet_length(phone_sealed) >= 34 AND get_byte(phone_sealed, 0) = 1),
    CONSTRAINT applicant_phone_index_form CHECK (octet_length(phone_index) = 16)
);

-- One row a phone: asking again replaces the code, so that only one is ever live.
CREATE TABLE login_code (
    phone_index bytea PRIMARY KEY,
    code_mac    bytea NOT NULL, -- keyed: six digits under a plain hash would be no secret
    tries_left  smallint NOT NULL,
    expires_at  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT login_code_phone_index_form CHECK (octet_length(phone_index) = 16),
    CONSTRAINT login_code_mac_form CHECK (octet_length(code_mac) = 16),
    CONSTRAINT login_code_tries_range CHECK (tries_left BETWEEN 0 AND 5)
);

CREATE TABLE applicant_token (
    token_hash   bytea PRIMARY KEY,
    applicant_id uuid NOT NULL REFERENCES applicant (id),
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT applicant_token_hash_form CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX applicant_token_expiry ON applicant_token (expires_at);

-- What was agreed to stays on record: a withdrawal fills withdrawn_at, agreeing again is a new row.
CREATE TABLE consent (
    id           uuid PRIMARY KEY,
    applicant_id uuid NOT NULL REFERENCES applicant (id),
    agreement    text NOT NULL,
    version      integer NOT NULL,
    given_at     timestamptz NOT NULL,
    ip           text NOT NULL,
    withdrawn_at timestamptz,
    CONSTRAINT consent_agreement_known FOREIGN KEY (agreement, version) REFERENCES agreement (code, version),
    CONSTRAINT consent_withdrawn_later CHECK (withdrawn_at IS NULL OR withdrawn_at >= given_at)
);
CREATE UNIQUE INDEX consent_live_once ON consent (applicant_id, agreement, version) WHERE withdrawn_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON applicant, consent TO caconsole_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_code, applicant_token TO caconsole_app;
GRANT SELECT ON applicant, consent TO caconsole_read;

-- Orders whose agent's telecom check was lost; the sweep asks every minute.
CREATE INDEX orders_without_telecom ON orders (created_at) WHERE telecom = 'none' AND path = 'reviewed' AND closed_at IS NULL;
