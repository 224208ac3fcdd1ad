-- +goose Up
-- Payments by WeChat and Alipay. The intent's own_no is stored before the vendor is called and is the same at every
-- retry of the call; code_url is what the vendor answered.
ALTER TABLE payment_intent
    ADD COLUMN code_url     text        NOT NULL DEFAULT '',
    ADD COLUMN expires_at   timestamptz, -- of the code; nobody can pay by it later
    ADD COLUMN ask_at       timestamptz, -- when the vendor is asked next; empty once it has nothing more to tell
    ADD COLUMN refunded_fen bigint      NOT NULL DEFAULT 0, -- of a transfer: what is on its way back or has gone
    ADD CONSTRAINT payment_intent_online CHECK ((method = 'transfer') = (expires_at IS NULL)),
    ADD CONSTRAINT payment_intent_asked CHECK (ask_at IS NULL OR method <> 'transfer'),
    ADD CONSTRAINT payment_intent_refunded CHECK (refunded_fen BETWEEN 0 AND amount_fen);
CREATE INDEX payment_intent_to_ask ON payment_intent (ask_at) WHERE ask_at IS NOT NULL;

-- Money that came by a vendor: at most once for an intent, however often the vendor says so. What pays no order is in
-- suspense, with the reason.
CREATE TABLE online_payment (
    intent_id      uuid PRIMARY KEY REFERENCES payment_intent (id),
    order_id       uuid        NOT NULL REFERENCES orders (id),
    method         text        NOT NULL CONSTRAINT online_payment_method CHECK (method IN ('wechat', 'alipay')),
    transaction_id text        NOT NULL CONSTRAINT online_payment_transaction_id CHECK (transaction_id <> ''),
    amount_fen     bigint      NOT NULL CONSTRAINT online_payment_amount CHECK (amount_fen > 0),
    currency       text        NOT NULL,
    paid_at        timestamptz NOT NULL,
    learned_by     text        NOT NULL CONSTRAINT online_payment_learned_by CHECK (learned_by IN ('notice', 'query')),
    suspense       text        NOT NULL DEFAULT '' CONSTRAINT online_payment_suspense
                               CHECK (suspense IN ('', 'paid_late', 'paid_twice', 'years_changed', 'wrong_amount')),
    refunded_fen   bigint      NOT NULL DEFAULT 0, -- what is on its way back or has gone
    created_at     timestamptz NOT NULL,
    CONSTRAINT online_payment_once UNIQUE (method, transaction_id),
    CONSTRAINT online_payment_refunded CHECK (refunded_fen BETWEEN 0 AND amount_fen)
);
CREATE INDEX online_payment_of_order ON online_payment (order_id);
CREATE INDEX online_payment_in_suspense ON online_payment (created_at DESC, intent_id DESC) WHERE suspense <> '';
GRANT SELECT, INSERT, UPDATE ON online_payment TO caconsole_app;
GRANT SELECT ON online_payment TO caconsole_read;

-- Money on its way back, by the way it came. The refund of a transfer is a request that a person fulfils.
CREATE TABLE payment_refund (
    id         uuid PRIMARY KEY,
    order_id   uuid        NOT NULL REFERENCES orders (id),
    intent_id  uuid        NOT NULL REFERENCES payment_intent (id),
    method     text        NOT NULL CONSTRAINT payment_refund_method CHECK (method IN ('transfer', 'wechat', 'alipay')),
    own_no     text        NOT NULL CONSTRAINT payment_refund_own_no UNIQUE,
    amount_fen bigint      NOT NULL CONSTRAINT payment_refund_amount CHECK (amount_fen > 0),
    reason     text        NOT NULL CONSTRAINT payment_refund_reason CHECK (reason IN
                           ('withdrawn', 'rejected', 'consent_withdrawn', 'paid_twice', 'paid_late', 'years_changed', 'wrong_amount')),
    state      text        NOT NULL CONSTRAINT payment_refund_state CHECK (state IN ('waiting_invoice', 'due', 'sent', 'done', 'failed', 'requested')),
    vendor_no  text        NOT NULL DEFAULT '',
    failure    text        NOT NULL DEFAULT '', -- the vendor's code, if it refused
    ask_at     timestamptz NOT NULL,            -- when it is taken up next
    created_at timestamptz NOT NULL,
    done_at    timestamptz,
    CONSTRAINT payment_refund_done CHECK ((state = 'done') = (done_at IS NOT NULL)),
    CONSTRAINT payment_refund_way CHECK (CASE WHEN method = 'transfer' THEN state NOT IN ('due', 'sent', 'failed') ELSE state <> 'requested' END)
);
-- A payment goes back once; only differences may be several.
CREATE UNIQUE INDEX payment_refund_once ON payment_refund (intent_id) WHERE reason <> 'years_changed';
CREATE INDEX payment_refund_of_order ON payment_refund (order_id);
CREATE INDEX payment_refund_open ON payment_refund (ask_at) WHERE state IN ('due', 'sent');
CREATE INDEX payment_refund_newest ON payment_refund (created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON payment_refund TO caconsole_app;
GRANT SELECT ON payment_refund TO caconsole_read;
