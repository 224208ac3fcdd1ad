-- +goose Up
-- What a member of staff is asked to sign, to show that a key is theirs. Answered once, in the session it was made for:
-- who answers takes the row away.
CREATE TABLE staff_key_challenge (
    id         uuid PRIMARY KEY,
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    session_id uuid        NOT NULL REFERENCES staff_session (id),
    kind       text        NOT NULL CONSTRAINT staff_key_challenge_kind CHECK (kind IN ('sm2', 'webauthn')),
    data       bytea       NOT NULL, -- the message of a Ukey; of a passkey what its ceremony needs, JSON
    expires_at timestamptz NOT NULL
);
CREATE INDEX staff_key_challenge_of_staff ON staff_key_challenge (staff_id);
GRANT SELECT, INSERT, DELETE ON staff_key_challenge TO caconsole_app;

-- Keys that staff ask to have counted. None counts before the key officers have signed it into the signer's registry.
CREATE TABLE staff_key_request (
    id            uuid PRIMARY KEY,
    staff_id      uuid        NOT NULL REFERENCES staff (id),
    kind          text        NOT NULL CONSTRAINT staff_key_request_kind CHECK (kind IN ('sm2', 'webauthn')),
    public_key    bytea       NOT NULL, -- SubjectPublicKeyInfo, DER
    key_id        bytea       NOT NULL CONSTRAINT staff_key_request_key_id CHECK (octet_length(key_id) = 32), -- SM3 of public_key
    credential_id bytea,                -- of a passkey
    proof         bytea       NOT NULL, -- what showed possession: a Ukey's message and signature, a passkey's answer; JSON
    state         text        NOT NULL CONSTRAINT staff_key_request_state CHECK (state IN ('open', 'enrolled', 'refused', 'withdrawn')),
    reason        text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    ended_by      uuid REFERENCES staff (id),
    ended_at      timestamptz,
    seen_at       timestamptz, -- when the person saw how it ended
    CONSTRAINT staff_key_request_credential CHECK ((kind = 'webauthn') = (credential_id IS NOT NULL)),
    CONSTRAINT staff_key_request_end CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX staff_key_request_once ON staff_key_request (key_id) WHERE state IN ('open', 'enrolled');
CREATE INDEX staff_key_request_of_staff ON staff_key_request (staff_id, created_at DESC);
CREATE INDEX staff_key_request_open ON staff_key_request (created_at) WHERE state = 'open';
GRANT SELECT, INSERT, UPDATE (state, reason, ended_by, ended_at, seen_at) ON staff_key_request TO caconsole_app;
GRANT SELECT ON staff_key_request TO caconsole_read;

-- Changes of the signer's registry as the key officers compose them, one open at a time; their signatures are approvals
-- of the digest. A signature cannot be taken back: the same change composed again is the same row with its signatures.
CREATE TABLE registry_change (
    digest     bytea       PRIMARY KEY CONSTRAINT registry_change_digest CHECK (octet_length(digest) = 32),
    seq        bigint      NOT NULL CONSTRAINT registry_change_seq CHECK (seq > 1),
    canonical  bytea       NOT NULL,
    state      text        NOT NULL CONSTRAINT registry_change_state CHECK (state IN ('open', 'done', 'withdrawn', 'outdated')),
    created_by uuid        NOT NULL REFERENCES staff (id),
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    refusal    text        NOT NULL DEFAULT '', -- why the signer did not take it: the fault's key and arguments, JSON
    CONSTRAINT registry_change_end CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX registry_change_one_open ON registry_change ((true)) WHERE state = 'open';
GRANT SELECT, INSERT, UPDATE (state, created_by, created_at, ended_at, refusal) ON registry_change TO caconsole_app;
GRANT SELECT ON registry_change TO caconsole_read;

-- For a shift a passkey may delegate the reviewer's signature to a key of the browser. Offered, then signed; ended by
-- its person, with its session, or by its time. What ended early the signer is told.
CREATE TABLE staff_delegation (
    id         uuid PRIMARY KEY,
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    session_id uuid        NOT NULL REFERENCES staff_session (id),
    canonical  bytea       NOT NULL, -- of the delegation
    assertion  bytea,                -- the passkey's answer, JSON
    signature  bytea,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_why  text        NOT NULL DEFAULT '',
    told_at    timestamptz, -- when the signer answered that it has ended
    CONSTRAINT staff_delegation_signed CHECK ((assertion IS NULL) = (signature IS NULL)),
    CONSTRAINT staff_delegation_end CHECK ((ended_at IS NULL) = (ended_why = ''))
);
CREATE UNIQUE INDEX staff_delegation_one_live ON staff_delegation (session_id) WHERE signature IS NOT NULL AND ended_at IS NULL;
CREATE INDEX staff_delegation_live ON staff_delegation (staff_id) WHERE ended_at IS NULL;
CREATE INDEX staff_delegation_untold ON staff_delegation (ended_at) WHERE signature IS NOT NULL AND ended_at IS NOT NULL AND told_at IS NULL;
GRANT SELECT, INSERT, UPDATE (assertion, signature, ended_at, ended_why, told_at) ON staff_delegation TO caconsole_app;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'reviewer', 'key', 'enrol'),
    ('p', 'issuer', 'key', 'enrol'),
    ('p', 'key_officer', 'key', 'enrol'),
    ('p', 'key_officer', 'registry', 'view'),
    ('p', 'key_officer', 'registry', 'change');
