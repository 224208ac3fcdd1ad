-- +goose Up

-- Accounts of the staff. Names are not sealed: every screen and every audit entry shows who did what. What proves a
-- person lies apart, in tables the read role cannot see.
CREATE TABLE staff (
    id            uuid        PRIMARY KEY,
    login         text        NOT NULL,
    name          text        NOT NULL,
    no            text        NOT NULL,
    state         text        NOT NULL,
    on_duty       boolean     NOT NULL,
    all_projects  boolean     NOT NULL,
    last_login_at timestamptz,
    last_login_ip text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT staff_login_once UNIQUE (login),
    CONSTRAINT staff_no_once UNIQUE (no),
    CONSTRAINT staff_login_form CHECK (login ~ '^[a-z][a-z0-9_.-]{1,39}$'),
    CONSTRAINT staff_no_form CHECK (no ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT staff_name_form CHECK (length(name) BETWEEN 1 AND 60),
    CONSTRAINT staff_state CHECK (state IN ('active', 'suspended'))
);
CREATE INDEX staff_list ON staff (no, id);

CREATE TABLE staff_role (
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    role       text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (staff_id, role),
    CONSTRAINT staff_role_role CHECK (role IN ('reviewer', 'second_reviewer', 'review_lead', 'issuer', 'finance', 'finance_lead',
        'hotline', 'hotline_lead', 'auditor', 'security_admin', 'system_admin', 'key_officer'))
);

-- The projects of staff who do not see all of them. Projects come in a later migration, so there is no foreign key.
CREATE TABLE staff_project (
    staff_id   uuid NOT NULL REFERENCES staff (id),
    project_id uuid NOT NULL,
    PRIMARY KEY (staff_id, project_id)
);

-- totp_step is the last time step whose code was accepted: a code counts once.
CREATE TABLE staff_credential (
    staff_id      uuid        PRIMARY KEY REFERENCES staff (id),
    password_hash text        NOT NULL,
    totp_sealed   bytea       NOT NULL,
    totp_step     bigint      NOT NULL DEFAULT 0,
    changed_at    timestamptz NOT NULL,
    CONSTRAINT staff_credential_hash CHECK (password_hash LIKE '$argon2id$%'),
    CONSTRAINT staff_credential_sealed CHECK (octet_length(totp_sealed) >= 34 AND get_byte(totp_sealed, 0) = 1)
);

-- token_hash is the SM3 of the token; the token itself is only in the browser.
CREATE TABLE staff_session (
    id         uuid        PRIMARY KEY,
    token_hash bytea       NOT NULL,
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    ip         text        NOT NULL,
    user_agent text        NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_why  text        NOT NULL DEFAULT '',
    CONSTRAINT staff_session_token_once UNIQUE (token_hash),
    CONSTRAINT staff_session_token CHECK (octet_length(token_hash) = 32),
    CONSTRAINT staff_session_why CHECK (ended_why IN ('', 'logout', 'rotated', 'revoked')),
    CONSTRAINT staff_session_ended CHECK ((ended_at IS NULL) = (ended_why = ''))
);
CREATE INDEX staff_session_live ON staff_session (staff_id, seen_at) WHERE ended_at IS NULL;

-- Approval keys in software, for demonstrations: the signer must have been told to accept them.
CREATE TABLE staff_approval_key (
    id             text        PRIMARY KEY,
    staff_id       uuid        NOT NULL REFERENCES staff (id),
    row_id         uuid        NOT NULL,
    public_key     bytea       NOT NULL,
    private_sealed bytea       NOT NULL,
    created_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    CONSTRAINT staff_approval_key_sealed CHECK (octet_length(private_sealed) >= 34 AND get_byte(private_sealed, 0) = 1)
);
CREATE UNIQUE INDEX staff_approval_key_one ON staff_approval_key (staff_id) WHERE ended_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON staff, staff_credential, staff_session, staff_approval_key TO caconsole_app;
GRANT SELECT, INSERT, DELETE ON staff_role, staff_project TO caconsole_app;
GRANT SELECT ON staff, staff_role, staff_project TO caconsole_read;
