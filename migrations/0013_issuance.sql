-- +goose Up
-- What staff sign: the canonical bytes, never changed. Only the state moves.
CREATE TABLE authorisation (
    id             uuid PRIMARY KEY,
    order_id       uuid        NOT NULL REFERENCES orders (id),
    old_pair_id    uuid        NOT NULL REFERENCES certificate_state (pair_id),
    canonical      bytea       NOT NULL,
    digest         bytea       NOT NULL CONSTRAINT authorisation_digest_key UNIQUE CONSTRAINT authorisation_digest CHECK (octet_length(digest) = 32),
    content_digest bytea       NOT NULL CONSTRAINT authorisation_content_digest CHECK (octet_length(content_digest) = 32),
    expires_at     timestamptz NOT NULL,
    state          text        NOT NULL CONSTRAINT authorisation_state CHECK (state IN ('open', 'used', 'void')),
    created_at     timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX authorisation_one_live ON authorisation (order_id) WHERE state <> 'void';
CREATE INDEX authorisation_lapsing ON authorisation (expires_at) WHERE state = 'open';
CREATE INDEX authorisation_of_pair ON authorisation (old_pair_id, created_at DESC);
GRANT SELECT, INSERT, UPDATE ON authorisation TO caconsole_app;
GRANT SELECT ON authorisation TO caconsole_read;

-- One signature of one person, over one or many authorisations; append-only.
CREATE TABLE approval (
    id         uuid PRIMARY KEY,
    duty       text        NOT NULL CONSTRAINT approval_duty CHECK (duty IN ('review', 'issue')),
    staff_id   uuid        NOT NULL REFERENCES staff (id),
    at         timestamptz NOT NULL,
    -- Sorted hex digests of all that was signed together, one a line: an item that fell out of the batch stays in here.
    digests    text        NOT NULL,
    signature  bytea       NOT NULL,
    created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON approval TO caconsole_app;
GRANT SELECT ON approval TO caconsole_read;

-- Which authorisations a signature counts for: one of each duty, by different persons.
CREATE TABLE approval_item (
    authorisation_id uuid NOT NULL REFERENCES authorisation (id),
    approval_id      uuid NOT NULL REFERENCES approval (id),
    duty             text NOT NULL,
    staff_id         uuid NOT NULL REFERENCES staff (id),
    CONSTRAINT approval_item_once PRIMARY KEY (authorisation_id, duty),
    CONSTRAINT approval_item_four_eyes UNIQUE (authorisation_id, staff_id)
);
CREATE INDEX approval_item_of_approval ON approval_item (approval_id);
GRANT SELECT, INSERT ON approval_item TO caconsole_app;
GRANT SELECT ON approval_item TO caconsole_read;

-- What the signer is asked to execute, committed before it is asked.
CREATE TABLE issuance_request (
    id               uuid PRIMARY KEY,
    order_id         uuid        NOT NULL REFERENCES orders (id),
    authorisation_id uuid        NOT NULL REFERENCES authorisation (id),
    canonical        bytea       NOT NULL,
    digest           bytea       NOT NULL CONSTRAINT issuance_request_digest CHECK (octet_length(digest) = 32),
    sign_serial      text        NOT NULL CONSTRAINT issuance_request_sign_serial_key UNIQUE,
    enc_serial       text        NOT NULL CONSTRAINT issuance_request_enc_serial_key UNIQUE,
    state            text        NOT NULL CONSTRAINT issuance_request_state CHECK (state IN ('reserved', 'recorded', 'closed')),
    -- Why the signer refused or was closed: a fault key.
    reason           text        NOT NULL DEFAULT '',
    new_pair_id      uuid        CONSTRAINT issuance_request_new_pair_key UNIQUE REFERENCES certificate_state (pair_id),
    -- Number and hash of the signer's journal record: they show a journal that was cut.
    signer_seq       bigint,
    signer_head      bytea       CONSTRAINT issuance_request_signer_head CHECK (octet_length(signer_head) = 32),
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    CONSTRAINT issuance_request_recorded CHECK ((state = 'recorded') = (new_pair_id IS NOT NULL AND signer_head IS NOT NULL)),
    CONSTRAINT issuance_request_serials CHECK (sign_serial <> enc_serial)
);
CREATE UNIQUE INDEX issuance_request_one_live ON issuance_request (authorisation_id) WHERE state <> 'closed';
CREATE INDEX issuance_request_hanging ON issuance_request (created_at, id) WHERE state = 'reserved';
CREATE INDEX issuance_request_of_order ON issuance_request (order_id, created_at DESC);
GRANT SELECT, INSERT, UPDATE ON issuance_request TO caconsole_app;
GRANT SELECT ON issuance_request TO caconsole_read;

-- A driver that collects an update. Nonce and token are credentials: the boards' role reads nothing here.
CREATE TABLE update_session (
    id               uuid PRIMARY KEY,
    order_id         uuid        NOT NULL REFERENCES orders (id),
    authorisation_id uuid        NOT NULL REFERENCES authorisation (id),
    kind             text        NOT NULL CONSTRAINT update_session_kind CHECK (kind IN ('renew', 'collect')),
    nonce            text        NOT NULL,
    token_sm3        bytea       CONSTRAINT update_session_token_sm3 CHECK (octet_length(token_sm3) = 32),
    proved_at        timestamptz,
    expires_at       timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    CONSTRAINT update_session_proved CHECK ((token_sm3 IS NULL) = (proved_at IS NULL))
);
CREATE INDEX update_session_of_order ON update_session (order_id, created_at DESC);
CREATE INDEX update_session_expired ON update_session (expires_at);
GRANT SELECT, INSERT, UPDATE ON update_session TO caconsole_app;

-- What a driver confirmed, per issued pair and not per session, so that another PC goes on where one stopped.
CREATE TABLE update_step (
    request_id uuid        NOT NULL REFERENCES issuance_request (id),
    step       text        NOT NULL CONSTRAINT update_step_step CHECK (step IN ('sign_certificate', 'encryption_certificate')),
    at         timestamptz NOT NULL,
    PRIMARY KEY (request_id, step)
);
GRANT SELECT, INSERT ON update_step TO caconsole_app;
GRANT SELECT ON update_step TO caconsole_read;
