-- +goose Up
-- What two persons sign to have a pair revoked: the canonical bytes and what they were told. Append-only; how far it is
-- stands in revocation_state, the signatures in approval_object.
CREATE TABLE revocation (
    id         uuid PRIMARY KEY,
    project_id uuid        NOT NULL REFERENCES project (id),
    pair_id    uuid        NOT NULL REFERENCES certificate_state (pair_id),
    canonical  bytea       NOT NULL,
    digest     bytea       NOT NULL CONSTRAINT revocation_digest_key UNIQUE CONSTRAINT revocation_digest CHECK (octet_length(digest) = 32),
    reason     integer     NOT NULL CONSTRAINT revocation_reason CHECK (reason IN (0, 1, 3, 4, 5, 9)), -- RFC 5280, 5.3.1
    asked_by   text        NOT NULL CONSTRAINT revocation_asked_by CHECK (asked_by IN ('holder', 'house')),
    grounds    text        NOT NULL CONSTRAINT revocation_grounds CHECK (length(grounds) BETWEEN 1 AND 500),
    expires_at timestamptz NOT NULL, -- not executed later
    created_by uuid        NOT NULL REFERENCES staff (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX revocation_of_pair ON revocation (pair_id, created_at DESC);
GRANT SELECT, INSERT ON revocation TO caconsole_app;
GRANT SELECT ON revocation TO caconsole_read;

-- How far a revocation is. A draft was shown to its first signer and is not signed yet.
CREATE TABLE revocation_state (
    revocation_id uuid PRIMARY KEY REFERENCES revocation (id),
    project_id    uuid        NOT NULL REFERENCES project (id),
    pair_id       uuid        NOT NULL REFERENCES certificate_state (pair_id),
    state         text        NOT NULL CONSTRAINT revocation_state_state CHECK (state IN
                              ('draft', 'proposed', 'approved', 'revoked', 'failed', 'refused', 'withdrawn', 'expired')),
    -- Why it was refused, in the words of who refused, or why the signer did not do it: a fault key.
    note          text        NOT NULL DEFAULT '',
    -- The signer's answer: when it took effect, and the record of its journal.
    revoked_at    timestamptz,
    signer_seq    bigint,
    signer_head   bytea       CONSTRAINT revocation_state_signer_head CHECK (octet_length(signer_head) = 32),
    listed        bigint,      -- number of the first list it stands on
    orders_ended  boolean     NOT NULL DEFAULT false, -- what stood on the pair is closed
    created_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    CONSTRAINT revocation_state_revoked CHECK ((state = 'revoked') = (revoked_at IS NOT NULL AND signer_seq IS NOT NULL AND signer_head IS NOT NULL)),
    CONSTRAINT revocation_state_listed CHECK (listed IS NULL OR state = 'revoked')
);
-- One at a time for a pair, until it is over.
CREATE UNIQUE INDEX revocation_state_one_open ON revocation_state (pair_id) WHERE state IN ('proposed', 'approved', 'revoked');
CREATE INDEX revocation_state_newest ON revocation_state (state, changed_at DESC, revocation_id DESC);
CREATE INDEX revocation_state_hanging ON revocation_state (changed_at) WHERE state = 'approved';
CREATE INDEX revocation_state_unlisted ON revocation_state (revoked_at) WHERE state = 'revoked' AND listed IS NULL;
CREATE INDEX revocation_state_unended ON revocation_state (revoked_at) WHERE state = 'revoked' AND NOT orders_ended;
GRANT SELECT, INSERT, UPDATE ON revocation_state TO caconsole_app;
GRANT SELECT ON revocation_state TO caconsole_read;

-- The revocation lists as the signer made them, each checked before it was stored. Append-only.
CREATE TABLE crl (
    authority   bytea       NOT NULL REFERENCES issuing_authority (sm3),
    number      bigint      NOT NULL CONSTRAINT crl_number CHECK (number > 0),
    der         bytea       NOT NULL,
    sm3         bytea       NOT NULL CONSTRAINT crl_sm3 CHECK (octet_length(sm3) = 32),
    this_update timestamptz NOT NULL,
    next_update timestamptz NOT NULL,
    entries     integer     NOT NULL CONSTRAINT crl_entries CHECK (entries >= 0),
    signer_seq  bigint      NOT NULL,
    signer_head bytea       NOT NULL CONSTRAINT crl_signer_head CHECK (octet_length(signer_head) = 32),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (authority, number),
    CONSTRAINT crl_times CHECK (this_update < next_update)
);
GRANT SELECT, INSERT ON crl TO caconsole_app;
GRANT SELECT ON crl TO caconsole_read;

-- That a list grew old and no new one came: told once for each list. Number 0 stands for no list at all. Append-only.
CREATE TABLE crl_alarm (
    authority bytea       NOT NULL REFERENCES issuing_authority (sm3),
    number    bigint      NOT NULL,
    reason    text        NOT NULL, -- a fault key
    at        timestamptz NOT NULL,
    PRIMARY KEY (authority, number)
);
GRANT SELECT, INSERT ON crl_alarm TO caconsole_app;
GRANT SELECT ON crl_alarm TO caconsole_read;

-- Money that goes back after signing, because the new pair was revoked.
ALTER TABLE payment_refund DROP CONSTRAINT payment_refund_reason;
ALTER TABLE payment_refund ADD CONSTRAINT payment_refund_reason CHECK (reason IN
    ('withdrawn', 'rejected', 'consent_withdrawn', 'revoked', 'paid_twice', 'paid_late', 'years_changed', 'wrong_amount'));

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'issuer', 'certificate', 'revoke'),
    ('p', 'review_lead', 'certificate', 'revoke'),
    ('p', 'review_lead', 'order', 'refund'),
    ('p', 'finance_lead', 'order', 'refund');
