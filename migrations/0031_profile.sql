-- +goose Up
-- Versions of certificate profiles: the signer's own, as the console heard of them, and the one that people are changing.
CREATE TABLE profile_version (
    digest      bytea       PRIMARY KEY CONSTRAINT profile_version_digest CHECK (octet_length(digest) = 32),
    profile_id  text        NOT NULL,
    revision    int         NOT NULL CONSTRAINT profile_version_revision CHECK (revision >= 1),
    canonical   bytea       NOT NULL,
    -- Whose signer took it; another CA may number its versions from 1 again. NULL until one has.
    authority   bytea       REFERENCES issuing_authority (sm3),
    state       text        NOT NULL CONSTRAINT profile_version_state CHECK (state IN ('open', 'taken', 'withdrawn')),
    proposed_by uuid        REFERENCES staff (id), -- NULL where it came from the signer's ceremony
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz, -- when the signer took it, or it was withdrawn
    refusal     text        NOT NULL DEFAULT '', -- why the signer did not take it: a fault key
    CONSTRAINT profile_version_end CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT profile_version_taken CHECK ((state = 'taken') = (authority IS NOT NULL))
);
CREATE UNIQUE INDEX profile_version_one_open ON profile_version ((true)) WHERE state = 'open';
CREATE UNIQUE INDEX profile_version_one_taken ON profile_version (authority, profile_id, revision) WHERE state = 'taken';
GRANT SELECT, INSERT, UPDATE (state, authority, proposed_by, created_at, ended_at, refusal) ON profile_version TO caconsole_app;
GRANT SELECT ON profile_version TO caconsole_read;

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'issuer', 'profile', 'view'),
    ('p', 'issuer', 'profile', 'change'),
    ('p', 'review_lead', 'profile', 'view'),
    ('p', 'review_lead', 'profile', 'change');
