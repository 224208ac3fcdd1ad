-- +goose Up
-- What was done, written in the transaction that did it. Rows are only ever added; leaf_hash = SM3(0x00 || canonical
-- JSON of the other columns), so that verification can recompute it from what the auditor reads on the screen.
CREATE TABLE audit_entry (
    id          uuid        PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_kind  text        NOT NULL CONSTRAINT audit_entry_actor_kind CHECK (actor_kind IN ('staff', 'applicant', 'driver', 'vendor', 'system')),
    actor_id    uuid,
    actor_name  text        NOT NULL,
    session_id  uuid,
    request_id  text        NOT NULL,
    ip          text        NOT NULL,
    project_id  uuid,
    action      text        NOT NULL CONSTRAINT audit_entry_action CHECK (action <> ''),
    object      text        NOT NULL,
    outcome     text        NOT NULL CONSTRAINT audit_entry_outcome CHECK (outcome IN ('ok', 'refused', 'failed')),
    reason      text        NOT NULL,
    details     jsonb       NOT NULL CONSTRAINT audit_entry_details CHECK (jsonb_typeof(details) = 'object'),
    leaf_hash   bytea       NOT NULL CONSTRAINT audit_entry_leaf_hash CHECK (octet_length(leaf_hash) = 32)
);

CREATE INDEX audit_entry_at ON audit_entry (at DESC, id DESC);
CREATE INDEX audit_entry_actor ON audit_entry (actor_name, at DESC, id DESC);
CREATE INDEX audit_entry_action_at ON audit_entry (action, at DESC, id DESC);
CREATE INDEX audit_entry_object ON audit_entry (object, at DESC, id DESC);

-- The sequencer's work: entry number n is leaf n-1 of the RFC 6962 tree.
CREATE TABLE audit_leaf (
    number    bigint PRIMARY KEY CONSTRAINT audit_leaf_number CHECK (number > 0),
    entry_id  uuid   NOT NULL CONSTRAINT audit_leaf_entry_key UNIQUE REFERENCES audit_entry (id),
    leaf_hash bytea  NOT NULL CONSTRAINT audit_leaf_hash CHECK (octet_length(leaf_hash) = 32)
);

-- Inner nodes of full subtrees, by the last entry they cover: those that entry n completes are (n, 1..k). Inclusion
-- proofs read them; verification recomputes them.
CREATE TABLE audit_node (
    last_number bigint   NOT NULL,
    level       smallint NOT NULL CONSTRAINT audit_node_level CHECK (level BETWEEN 1 AND 62),
    hash        bytea    NOT NULL CONSTRAINT audit_node_hash CHECK (octet_length(hash) = 32),
    PRIMARY KEY (last_number, level)
);

-- Signed tree heads. note is what was signed, with its signature; the other columns repeat it for queries.
CREATE TABLE audit_checkpoint (
    number bigint      PRIMARY KEY CONSTRAINT audit_checkpoint_number CHECK (number > 0),
    size   bigint      NOT NULL CONSTRAINT audit_checkpoint_size_key UNIQUE,
    root   bytea       NOT NULL CONSTRAINT audit_checkpoint_root CHECK (octet_length(root) = 32),
    at     timestamptz NOT NULL,
    note   text        NOT NULL
);

GRANT SELECT, INSERT ON audit_entry, audit_leaf, audit_node, audit_checkpoint TO caconsole_app;
GRANT SELECT ON audit_entry, audit_leaf, audit_node, audit_checkpoint TO caconsole_read;
