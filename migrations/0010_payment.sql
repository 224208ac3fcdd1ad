-- +goose Up
-- How an order is to be paid: a fact of its own, while the gate stands in the order's row. Methods of the online path
-- come with the same columns: own_no is the number we give to the other side and never use twice.
CREATE TABLE payment_intent (
    id           uuid PRIMARY KEY,
    order_id     uuid        NOT NULL REFERENCES orders (id),
    method       text        NOT NULL CONSTRAINT payment_intent_method CHECK (method IN ('transfer', 'wechat', 'alipay')),
    amount_fen   bigint      NOT NULL CONSTRAINT payment_intent_amount CHECK (amount_fen > 0),
    own_no       text        NOT NULL CONSTRAINT payment_intent_own_no UNIQUE,
    state        text        NOT NULL CONSTRAINT payment_intent_state CHECK (state IN ('awaiting', 'settled', 'closed')),
    -- Where a transfer goes, as the applicant was told: it holds for this order even if our account changes later.
    account_no   text        NOT NULL DEFAULT '',
    account_bank text        NOT NULL DEFAULT '',
    account_name text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    settled_at   timestamptz,
    closed_at    timestamptz,
    CONSTRAINT payment_intent_times CHECK ((state = 'settled') = (settled_at IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT payment_intent_transfer CHECK (method <> 'transfer' OR (account_no <> '' AND account_bank <> '' AND account_name <> ''))
);
-- One way to pay at a time.
CREATE UNIQUE INDEX payment_intent_one_live ON payment_intent (order_id) WHERE state <> 'closed';
CREATE INDEX payment_intent_awaiting ON payment_intent (created_at, id) WHERE state = 'awaiting';
GRANT SELECT, INSERT, UPDATE ON payment_intent TO caconsole_app;
GRANT SELECT ON payment_intent TO caconsole_read;

-- What an uploaded remittance voucher claims. It is evidence for the matching and settles nothing.
CREATE TABLE voucher_claim (
    id          uuid PRIMARY KEY,
    order_id    uuid        NOT NULL REFERENCES orders (id),
    document_id uuid        NOT NULL REFERENCES document (id),
    image_sm3   bytea       NOT NULL CONSTRAINT voucher_claim_image_sm3 CHECK (octet_length(image_sm3) = 32),
    payer_name  text        NOT NULL CONSTRAINT voucher_claim_payer_name CHECK (length(payer_name) BETWEEN 1 AND 200),
    amount_fen  bigint      NOT NULL CONSTRAINT voucher_claim_amount CHECK (amount_fen > 0),
    paid_on     date        NOT NULL,
    state       text        NOT NULL CONSTRAINT voucher_claim_state CHECK (state IN ('open', 'superseded')),
    created_at  timestamptz NOT NULL,
    CONSTRAINT voucher_claim_once UNIQUE (order_id, document_id)
);
CREATE UNIQUE INDEX voucher_claim_one_live ON voucher_claim (order_id) WHERE state = 'open';
CREATE INDEX voucher_claim_by_image ON voucher_claim (image_sm3) WHERE state = 'open';
GRANT SELECT, INSERT, UPDATE ON voucher_claim TO caconsole_app;
GRANT SELECT ON voucher_claim TO caconsole_read;
