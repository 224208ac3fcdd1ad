-- +goose Up
-- Heads of the signer's journal as it told them by the way, one a minute at most; requests, revocations and lists keep
-- those of their own answers. A journal that has another record under a number was cut or exchanged. Append-only.
CREATE TABLE signer_head (
    authority  bytea       NOT NULL REFERENCES issuing_authority (sm3),
    seq        bigint      NOT NULL CONSTRAINT signer_head_seq CHECK (seq > 0),
    head       bytea       NOT NULL CONSTRAINT signer_head_head CHECK (octet_length(head) = 32),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (authority, seq)
);
GRANT SELECT, INSERT ON signer_head TO caconsole_app;
GRANT SELECT ON signer_head TO caconsole_read;
CREATE INDEX issuance_request_by_seq ON issuance_request (signer_seq) WHERE signer_seq IS NOT NULL;
CREATE INDEX revocation_state_by_seq ON revocation_state (signer_seq) WHERE signer_seq IS NOT NULL;

-- How the signer was when it was last asked; one row.
CREATE TABLE signer_watch (
    single        boolean PRIMARY KEY DEFAULT true CONSTRAINT signer_watch_single CHECK (single),
    asked_at      timestamptz NOT NULL,
    blocked_since timestamptz,                    -- nothing is signed since then; NULL: it is open
    silent        boolean     NOT NULL,           -- it does not answer, else it waits for its key officers
    given         text        NOT NULL,           -- logins of those who gave a share, one a line
    needed        integer     NOT NULL,
    alarmed_at    timestamptz                     -- when the alarm went out; NULL: none is on
);
GRANT SELECT, INSERT, UPDATE ON signer_watch TO caconsole_app;
GRANT SELECT ON signer_watch TO caconsole_read;

-- Comparisons of the database with the signer's journal, step by step; one open at a time.
CREATE TABLE journal_check (
    id         uuid PRIMARY KEY,
    authority  bytea       NOT NULL REFERENCES issuing_authority (sm3),
    phase      text        NOT NULL CONSTRAINT journal_check_phase CHECK (phase IN ('journal', 'pairs', 'lists', 'done')),
    next_seq   bigint      NOT NULL,
    last_pair  uuid        NOT NULL,
    counts     text        NOT NULL, -- what was compared, JSON
    started_at timestamptz NOT NULL,
    moved_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT journal_check_end CHECK ((phase = 'done') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX journal_check_one_open ON journal_check ((true)) WHERE ended_at IS NULL;
CREATE INDEX journal_check_newest ON journal_check (started_at DESC);
GRANT SELECT, INSERT, UPDATE (phase, next_seq, last_pair, counts, moved_at, ended_at) ON journal_check TO caconsole_app;
GRANT SELECT ON journal_check TO caconsole_read;

-- What did not agree. One that a later comparison no longer finds is cleared; it stays to be seen.
CREATE TABLE journal_finding (
    authority  bytea       NOT NULL REFERENCES issuing_authority (sm3),
    kind       text        NOT NULL,
    subject    text        NOT NULL, -- id of the request, serial, number of the record
    detail     text        NOT NULL,
    found_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    cleared_at timestamptz,
    PRIMARY KEY (authority, kind, subject)
);
CREATE INDEX journal_finding_open ON journal_finding (found_at) WHERE cleared_at IS NULL;
GRANT SELECT, INSERT, UPDATE (detail, seen_at, cleared_at, found_at) ON journal_finding TO caconsole_app;
GRANT SELECT ON journal_finding TO caconsole_read;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'auditor', 'signer', 'view'),
    ('p', 'system_admin', 'signer', 'view'),
    ('p', 'key_officer', 'signer', 'view'),
    ('p', 'issuer', 'signer', 'view');
