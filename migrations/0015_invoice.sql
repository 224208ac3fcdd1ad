-- +goose Up
-- Whom an order's invoice is made out to, as the applicant entered it; frozen into the invoice when it is requested.
CREATE TABLE invoice_buyer (
    order_id     uuid PRIMARY KEY REFERENCES orders (id),
    kind         text        NOT NULL CONSTRAINT invoice_buyer_kind CHECK (kind IN ('general', 'special')),
    title        text        NOT NULL CONSTRAINT invoice_buyer_title CHECK (length(title) BETWEEN 1 AND 100),
    tax_id       text        NOT NULL,
    address      text        NOT NULL,
    phone_sealed bytea       CONSTRAINT invoice_buyer_phone_sealed CHECK (octet_length(phone_sealed) >= 34 AND get_byte(phone_sealed, 0) = 1),
    bank         text        NOT NULL,
    account      text        NOT NULL,
    updated_at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON invoice_buyer TO caconsole_app;
GRANT SELECT (order_id, kind, title, tax_id, address, bank, account, updated_at) ON invoice_buyer TO caconsole_read;

CREATE TABLE invoice (
    id              uuid PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES orders (id),
    project_id      uuid        NOT NULL REFERENCES project (id),
    kind            text        NOT NULL CONSTRAINT invoice_kind CHECK (kind IN ('blue', 'red')),
    state           text        NOT NULL CONSTRAINT invoice_state CHECK (state IN ('requested', 'issuing', 'issued', 'failed')),
    -- Our number at the vendor: made and stored before the first call, so that a time-out is asked after and not repeated.
    serial          text        NOT NULL CONSTRAINT invoice_serial_key UNIQUE,
    vendor_serial   text        NOT NULL DEFAULT '',
    number          text        NOT NULL DEFAULT '',
    total_fen       bigint      NOT NULL CONSTRAINT invoice_total CHECK (total_fen > 0),
    tax_fen         bigint      NOT NULL,
    net_fen         bigint      NOT NULL,
    tax_percent     int         NOT NULL,
    goods_code      text        NOT NULL,
    goods_name      text        NOT NULL,
    buyer_kind      text        NOT NULL,
    buyer_title     text        NOT NULL,
    buyer_tax_id    text        NOT NULL,
    buyer_address   text        NOT NULL,
    buyer_bank      text        NOT NULL,
    buyer_account   text        NOT NULL,
    -- What fetches the invoice at the public page; told to the applicant only.
    code_sealed     bytea       NOT NULL CONSTRAINT invoice_code_sealed CHECK (octet_length(code_sealed) >= 34 AND get_byte(code_sealed, 0) = 1),
    code_index      bytea       NOT NULL CONSTRAINT invoice_code_key UNIQUE CONSTRAINT invoice_code_index CHECK (octet_length(code_index) = 16),
    pdf_object_key  text,
    pdf_sm3         bytea       CONSTRAINT invoice_pdf_sm3 CHECK (octet_length(pdf_sm3) = 32),
    pdf_bytes       bigint,
    pdf_data_key    bytea,
    attempts        int         NOT NULL DEFAULT 0,
    last_error      text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    issued_at       timestamptz,
    changed_at      timestamptz NOT NULL,
    CONSTRAINT invoice_sum CHECK (net_fen + tax_fen = total_fen),
    CONSTRAINT invoice_issued CHECK (state <> 'issued' OR (number <> '' AND pdf_object_key IS NOT NULL))
);
CREATE UNIQUE INDEX invoice_one_open ON invoice (order_id, kind);
CREATE INDEX invoice_open ON invoice (changed_at, id) WHERE state IN ('requested', 'issuing');
CREATE INDEX invoice_recent ON invoice (created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON invoice TO caconsole_app;
GRANT SELECT (id, order_id, project_id, kind, state, serial, vendor_serial, number, total_fen, tax_fen, net_fen, tax_percent, goods_code, goods_name, buyer_kind, buyer_title, buyer_tax_id, buyer_address, buyer_bank, buyer_account, pdf_sm3, pdf_bytes, attempts, last_error, created_at, issued_at, changed_at) ON invoice TO caconsole_read;
