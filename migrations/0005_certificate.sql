-- +goose Up
-- What can change about a pair of certificates: one row a pair, beside the certificates themselves.
CREATE TABLE certificate_state (
    pair_id    uuid PRIMARY KEY,
    project_id uuid        NOT NULL REFERENCES project (id),
    state      text        NOT NULL CONSTRAINT certificate_state_state CHECK (state IN ('active', 'renewed', 'superseded', 'revoked', 'held')),
    -- The pair that takes over: known from its issuing on, while the state follows the driver's confirmation.
    successor  uuid        CONSTRAINT certificate_state_successor_key UNIQUE REFERENCES certificate_state (pair_id),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT certificate_state_renewed CHECK (state NOT IN ('renewed', 'superseded') OR successor IS NOT NULL),
    CONSTRAINT certificate_state_other CHECK (successor <> pair_id)
);
GRANT SELECT, INSERT, UPDATE ON certificate_state TO caconsole_app;
GRANT SELECT ON certificate_state TO caconsole_read;

-- Certificates as they were issued or imported; append-only. Holder and organisation number are public company data.
CREATE TABLE certificate (
    id            uuid PRIMARY KEY,
    pair_id       uuid        NOT NULL REFERENCES certificate_state (pair_id),
    kind          text        NOT NULL CONSTRAINT certificate_kind CHECK (kind IN ('sign', 'enc')),
    project_id    uuid        NOT NULL REFERENCES project (id),
    -- Lower-case hex without leading zero octets.
    serial        text        NOT NULL CONSTRAINT certificate_serial_key UNIQUE CONSTRAINT certificate_serial CHECK (serial ~ '^([0-9a-f]{2}){1,20}$'),
    medium_no     text        NOT NULL CONSTRAINT certificate_medium_no CHECK (length(medium_no) BETWEEN 1 AND 64),
    holder        text        NOT NULL CONSTRAINT certificate_holder CHECK (length(holder) BETWEEN 1 AND 200),
    org_id_kind   text        NOT NULL,
    org_id_number text        NOT NULL,
    algorithm     text        NOT NULL CONSTRAINT certificate_algorithm CHECK (algorithm IN ('sm2', 'rsa', 'other')),
    not_before    timestamptz NOT NULL,
    not_after     timestamptz NOT NULL,
    der           bytea       NOT NULL,
    sm3           bytea       NOT NULL CONSTRAINT certificate_sm3_key UNIQUE CONSTRAINT certificate_sm3 CHECK (octet_length(sm3) = 32),
    created_at    timestamptz NOT NULL,
    CONSTRAINT certificate_one_of_kind UNIQUE (pair_id, kind),
    CONSTRAINT certificate_validity CHECK (not_before < not_after)
);
CREATE INDEX certificate_by_medium ON certificate (medium_no);
CREATE INDEX certificate_by_org ON certificate (org_id_number, not_after DESC);
CREATE INDEX certificate_by_end ON certificate (project_id, not_after) WHERE kind = 'sign';
GRANT SELECT, INSERT ON certificate TO caconsole_app;
GRANT SELECT ON certificate TO caconsole_read;

-- The issuing authorities the signer has shown us; the current one is what new pairs come from.
CREATE TABLE issuing_authority (
    sm3           bytea PRIMARY KEY CONSTRAINT issuing_authority_sm3 CHECK (octet_length(sm3) = 32),
    ca_der        bytea       NOT NULL,
    root_der      bytea       NOT NULL,
    profile       bytea       NOT NULL,
    software_keys boolean     NOT NULL,
    not_after     timestamptz NOT NULL,
    current       boolean     NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX issuing_authority_one_current ON issuing_authority (current) WHERE current;
GRANT SELECT, INSERT, UPDATE ON issuing_authority TO caconsole_app;
GRANT SELECT ON issuing_authority TO caconsole_read;
