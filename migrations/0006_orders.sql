-- +goose Up
-- The order row is the lock: every gate is a column of it, and only admin/order writes them.
CREATE SEQUENCE order_no_seq;

CREATE TABLE orders (
    id               uuid PRIMARY KEY,
    no               text        NOT NULL CONSTRAINT orders_no_key UNIQUE,
    project_id       uuid        NOT NULL REFERENCES project (id),
    kind             text        NOT NULL CONSTRAINT orders_kind CHECK (kind IN ('renewal', 'manual')),
    path             text        NOT NULL CONSTRAINT orders_path CHECK (path IN ('online', 'reviewed')),
    applicant_id     uuid,
    old_pair_id      uuid        NOT NULL,
    cert_serial      text        NOT NULL,
    medium_no        text        NOT NULL,
    cert_type        text        NOT NULL,
    years            int         NOT NULL CONSTRAINT orders_years CHECK (years BETWEEN 1 AND 10),
    amount_fen       bigint      NOT NULL CONSTRAINT orders_amount CHECK (amount_fen >= 0),

    -- The organisation is public company data; persons are sealed.
    holder           text        NOT NULL CONSTRAINT orders_holder CHECK (length(holder) BETWEEN 1 AND 200),
    org_id_kind      text        NOT NULL,
    org_id_number    text        NOT NULL,
    org_id_flag      text        NOT NULL DEFAULT '',
    agent_name_sealed  bytea     NOT NULL CONSTRAINT orders_agent_name_sealed CHECK (octet_length(agent_name_sealed) >= 34 AND get_byte(agent_name_sealed, 0) = 1),
    agent_name_index   bytea     NOT NULL CONSTRAINT orders_agent_name_index CHECK (octet_length(agent_name_index) = 16),
    agent_name_mask    text      NOT NULL,
    agent_id_sealed    bytea     NOT NULL CONSTRAINT orders_agent_id_sealed CHECK (octet_length(agent_id_sealed) >= 34 AND get_byte(agent_id_sealed, 0) = 1),
    agent_id_index     bytea     NOT NULL CONSTRAINT orders_agent_id_index CHECK (octet_length(agent_id_index) = 16),
    agent_id_mask      text      NOT NULL,
    agent_phone_sealed bytea     NOT NULL CONSTRAINT orders_agent_phone_sealed CHECK (octet_length(agent_phone_sealed) >= 34 AND get_byte(agent_phone_sealed, 0) = 1),
    agent_phone_index  bytea     NOT NULL CONSTRAINT orders_agent_phone_index CHECK (octet_length(agent_phone_index) = 16),
    agent_phone_mask   text      NOT NULL,
    agent_email_sealed bytea     NOT NULL CONSTRAINT orders_agent_email_sealed CHECK (octet_length(agent_email_sealed) >= 34 AND get_byte(agent_email_sealed, 0) = 1),
    agent_email_mask   text      NOT NULL,
    legal_name_sealed  bytea     CONSTRAINT orders_legal_name_sealed CHECK (octet_length(legal_name_sealed) >= 34 AND get_byte(legal_name_sealed, 0) = 1),
    legal_name_mask    text      NOT NULL DEFAULT '',
    legal_id_sealed    bytea     CONSTRAINT orders_legal_id_sealed CHECK (octet_length(legal_id_sealed) >= 34 AND get_byte(legal_id_sealed, 0) = 1),
    legal_id_mask      text      NOT NULL DEFAULT '',

    consent          text        NOT NULL CONSTRAINT orders_consent CHECK (consent IN ('none', 'given', 'withdrawn')),
    documents        text        NOT NULL CONSTRAINT orders_documents CHECK (documents IN ('missing', 'uploaded', 'accepted', 'returned')),
    identity         text        NOT NULL CONSTRAINT orders_identity CHECK (identity IN ('none', 'pending', 'passed', 'failed', 'expired')),
    telecom          text        NOT NULL CONSTRAINT orders_telecom CHECK (telecom IN ('none', 'match', 'mismatch', 'unknown')),
    payment          text        NOT NULL CONSTRAINT orders_payment CHECK (payment IN ('none', 'awaiting', 'settled', 'refunding', 'refunded', 'waived')),
    payment_method   text        NOT NULL DEFAULT '' CONSTRAINT orders_payment_method CHECK (payment_method IN ('', 'transfer', 'wechat', 'alipay')),
    review           text        NOT NULL CONSTRAINT orders_review CHECK (review IN ('none', 'queued', 'claimed', 'approved', 'returned', 'rejected')),
    authorisation    text        NOT NULL CONSTRAINT orders_authorisation CHECK (authorisation IN ('none', 'authorised', 'void')),
    issuance         text        NOT NULL CONSTRAINT orders_issuance CHECK (issuance IN ('none', 'reserved', 'signed', 'recorded', 'failed')),
    delivery         text        NOT NULL CONSTRAINT orders_delivery CHECK (delivery IN ('none', 'offered', 'importing', 'confirmed')),
    invoice          text        NOT NULL CONSTRAINT orders_invoice CHECK (invoice IN ('none', 'requested', 'issued', 'dispatched', 'red_lettered')),
    content_version  int         NOT NULL CONSTRAINT orders_content_version CHECK (content_version >= 1),
    stage            text        NOT NULL,
    stage_since      timestamptz NOT NULL,
    -- When the review must be decided by; set each time the order enters the queue.
    review_due_at    timestamptz,
    submitted_at     timestamptz,
    closed_reason    text        NOT NULL DEFAULT '' CONSTRAINT orders_closed_reason CHECK (closed_reason IN ('', 'unpaid', 'rejected', 'withdrawn', 'expired', 'revoked')),
    closed_at        timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,

    -- What issuing needs, once more in the database, so that no path around the code can sign unpaid or unreviewed.
    CONSTRAINT orders_issue_needs_gates CHECK (issuance = 'none' OR issuance = 'failed' OR (authorisation = 'authorised' AND payment IN ('settled', 'waived', 'refunding', 'refunded'))),
    CONSTRAINT orders_closed CHECK ((closed_reason = '') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX orders_one_open ON orders (old_pair_id) WHERE closed_at IS NULL AND delivery <> 'confirmed';
CREATE INDEX orders_by_applicant ON orders (applicant_id, created_at DESC);
CREATE INDEX orders_by_agent_phone ON orders (agent_phone_index, created_at DESC);
CREATE INDEX orders_by_agent_id ON orders (agent_id_index, created_at DESC);
CREATE INDEX orders_by_serial ON orders (cert_serial);
CREATE INDEX orders_by_org ON orders (org_id_number, created_at DESC);
CREATE INDEX orders_review_queue ON orders (review_due_at, id) WHERE stage IN ('review', 'second_review');
CREATE INDEX orders_by_stage ON orders (stage, stage_since DESC, id DESC);
CREATE INDEX orders_recent ON orders (created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON orders TO caconsole_app;
GRANT USAGE ON SEQUENCE order_no_seq TO caconsole_app;
GRANT SELECT ON orders TO caconsole_read;

-- Four eyes over the whole order: one person, one duty.
CREATE TABLE order_duty (
    order_id uuid        NOT NULL REFERENCES orders (id),
    staff_id uuid        NOT NULL REFERENCES staff (id),
    duty     text        NOT NULL CONSTRAINT order_duty_duty CHECK (duty IN ('review', 'second_review', 'match', 'issue', 'issue_check')),
    at       timestamptz NOT NULL,
    CONSTRAINT order_duty_one PRIMARY KEY (order_id, staff_id)
);
GRANT SELECT, INSERT ON order_duty TO caconsole_app;
GRANT SELECT ON order_duty TO caconsole_read;

-- The course of an order as the hotline and the case screen show it; append-only.
CREATE TABLE order_event (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   uuid        NOT NULL REFERENCES orders (id),
    at         timestamptz NOT NULL,
    gate       text        NOT NULL,
    from_state text        NOT NULL,
    to_state   text        NOT NULL,
    actor_kind text        NOT NULL,
    actor_id   uuid,
    act        text        NOT NULL
);
CREATE INDEX order_event_of_order ON order_event (order_id, id);
GRANT SELECT, INSERT ON order_event TO caconsole_app;
GRANT SELECT ON order_event TO caconsole_read;
