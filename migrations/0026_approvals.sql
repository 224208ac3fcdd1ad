-- +goose Up
-- A person approves with a key of their own, which the console never holds: a Ukey, a passkey, or a key of the browser
-- that the passkey delegated to for a shift.
ALTER TABLE approval
    ADD COLUMN kind       text NOT NULL DEFAULT 'sm2' CONSTRAINT approval_kind CHECK (kind IN ('sm2', 'webauthn', 'delegated')),
    ADD COLUMN assertion  bytea, -- the rest of a passkey's answer, JSON
    ADD COLUMN delegation bytea, -- why a delegated key counts, JSON
    ADD CONSTRAINT approval_evidence CHECK ((kind = 'webauthn') = (assertion IS NOT NULL) AND (kind = 'delegated') = (delegation IS NOT NULL));
ALTER TABLE approval ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE approval DROP CONSTRAINT approval_duty;
ALTER TABLE approval ADD CONSTRAINT approval_duty CHECK (duty IN
    ('review', 'issue', 'issue_check', 'revoke', 'revoke_check', 'profile_change', 'profile_check', 'registry'));

-- Which other objects a signature counts for: revocations, profiles, changes of the staff keys. One of each duty, but of
-- the key officers' several; always by different persons. Append-only.
CREATE TABLE approval_object (
    digest      bytea NOT NULL CONSTRAINT approval_object_digest CHECK (octet_length(digest) = 32),
    approval_id uuid  NOT NULL REFERENCES approval (id),
    duty        text  NOT NULL,
    staff_id    uuid  NOT NULL REFERENCES staff (id),
    CONSTRAINT approval_object_four_eyes PRIMARY KEY (digest, staff_id)
);
CREATE UNIQUE INDEX approval_object_once ON approval_object (digest, duty) WHERE duty <> 'registry';
CREATE INDEX approval_object_of_approval ON approval_object (approval_id);
GRANT SELECT, INSERT ON approval_object TO caconsole_app;
GRANT SELECT ON approval_object TO caconsole_read;

-- The signer's registry of staff keys as the console heard of it, by which it refuses early what the signer would refuse.
CREATE TABLE signer_registry (
    digest     bytea       PRIMARY KEY CONSTRAINT signer_registry_digest CHECK (octet_length(digest) = 32),
    authority  bytea       NOT NULL REFERENCES issuing_authority (sm3),
    seq        bigint      NOT NULL CONSTRAINT signer_registry_seq CHECK (seq > 0),
    canonical  bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT signer_registry_once UNIQUE (authority, seq)
);
GRANT SELECT, INSERT ON signer_registry TO caconsole_app;
GRANT SELECT ON signer_registry TO caconsole_read;

-- Which keys count at all is fixed at the signer's making.
ALTER TABLE issuing_authority
    ADD COLUMN sm2_only   boolean NOT NULL DEFAULT false,
    ADD COLUMN rp_id      text    NOT NULL DEFAULT '', -- the host for which passkeys sign; '' where there are none
    ADD COLUMN rp_origins text    NOT NULL DEFAULT ''; -- one a line
