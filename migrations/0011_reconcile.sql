-- +goose Up
-- Our own accounts that customers pay into. The project is the scope of everything below.
CREATE TABLE statement_account (
    id          uuid PRIMARY KEY,
    project_id  uuid        NOT NULL REFERENCES project (id),
    bank        text        NOT NULL,
    branch      text        NOT NULL,
    account_no  text        NOT NULL CONSTRAINT statement_account_no UNIQUE CONSTRAINT statement_account_digits CHECK (account_no ~ '^[0-9]{8,32}$'),
    own_name    text        NOT NULL CONSTRAINT statement_account_own_name CHECK (own_name <> ''),
    created_at  timestamptz NOT NULL
);
CREATE INDEX statement_account_of_project ON statement_account (project_id, created_at DESC);
GRANT SELECT, INSERT ON statement_account TO caconsole_app;
GRANT SELECT ON statement_account TO caconsole_read;

-- A statement file, kept byte for byte. draft: its control facts do not hold; checked: it may be committed.
CREATE TABLE import_batch (
    id             uuid PRIMARY KEY,
    account_id     uuid        NOT NULL REFERENCES statement_account (id),
    file_name      text        NOT NULL CONSTRAINT import_batch_file_name CHECK (length(file_name) BETWEEN 1 AND 255),
    file_key       text        NOT NULL,
    file_sm3       bytea       NOT NULL CONSTRAINT import_batch_file_sm3 CHECK (octet_length(file_sm3) = 32),
    file_size      bigint      NOT NULL,
    file_data_key  bytea       NOT NULL,
    container      text        NOT NULL,
    encoding       text        NOT NULL,
    bank           text        NOT NULL,
    variant        text        NOT NULL,
    header_row     int         NOT NULL,
    rows_total     int         NOT NULL,
    rows_rejected  int         NOT NULL,
    rows_new       int         NOT NULL DEFAULT 0,
    rows_known     int         NOT NULL DEFAULT 0,
    in_fen         bigint      NOT NULL,
    out_fen        bigint      NOT NULL,
    opening_fen    bigint,
    closing_fen    bigint,
    chain_ok       boolean,
    totals_ok      boolean,
    first_on       date,
    last_on        date,
    state          text        NOT NULL CONSTRAINT import_batch_state CHECK (state IN ('draft', 'checked', 'committed', 'reverted')),
    created_by     uuid        NOT NULL REFERENCES staff (id),
    created_at     timestamptz NOT NULL,
    committed_by   uuid        REFERENCES staff (id),
    committed_at   timestamptz,
    CONSTRAINT import_batch_counts CHECK (rows_total >= 0 AND rows_rejected BETWEEN 0 AND rows_total AND rows_new + rows_known <= rows_total),
    CONSTRAINT import_batch_file_once UNIQUE (account_id, file_sm3),
    CONSTRAINT import_batch_committed CHECK ((committed_at IS NULL) = (committed_by IS NULL) AND (state NOT IN ('committed', 'reverted') OR committed_at IS NOT NULL))
);
CREATE INDEX import_batch_of_account ON import_batch (account_id, created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON import_batch TO caconsole_app;
GRANT SELECT ON import_batch TO caconsole_read;

-- One booking. The same booking in two overlapping files has the same key; n identical bookings in one file have the
-- occurrences 1…n, so that neither are doubled nor lost.
CREATE TABLE bank_line (
    id                   uuid PRIMARY KEY,
    account_id           uuid        NOT NULL REFERENCES statement_account (id),
    batch_id             uuid        NOT NULL REFERENCES import_batch (id),
    row_no               int         NOT NULL,
    booked_on            date        NOT NULL,
    booked_at            timestamptz, -- where the file gives a time of day
    direction            text        NOT NULL CONSTRAINT bank_line_direction CHECK (direction IN ('in', 'out')),
    amount_fen           bigint      NOT NULL CONSTRAINT bank_line_amount CHECK (amount_fen > 0),
    balance_fen          bigint,
    kind                 text        NOT NULL CONSTRAINT bank_line_kind CHECK (kind IN ('transfer', 'reversal', 'return', 'fee', 'interest', 'internal')),
    -- A company's name in clear; of a person only the mask, with the name sealed beside it.
    payer_name           text        NOT NULL,
    payer_norm           text        NOT NULL,
    payer_name_sealed    bytea       CONSTRAINT bank_line_payer_name_sealed CHECK (octet_length(payer_name_sealed) >= 34 AND get_byte(payer_name_sealed, 0) = 1),
    payer_account_sealed bytea       CONSTRAINT bank_line_payer_account_sealed CHECK (octet_length(payer_account_sealed) >= 34 AND get_byte(payer_account_sealed, 0) = 1),
    payer_account_index  bytea       CONSTRAINT bank_line_payer_account_index CHECK (octet_length(payer_account_index) = 16),
    payer_account_mask   text        NOT NULL,
    payer_bank           text        NOT NULL,
    text                 text        NOT NULL,
    bank_serial          text        NOT NULL,
    line_key             bytea       NOT NULL CONSTRAINT bank_line_key CHECK (octet_length(line_key) = 16),
    occurrence           int         NOT NULL CONSTRAINT bank_line_occurrence CHECK (occurrence >= 1),
    state                text        NOT NULL CONSTRAINT bank_line_state CHECK (state IN ('open', 'allocated', 'aside')),
    allocated_fen        bigint      NOT NULL DEFAULT 0,
    decided              boolean     NOT NULL DEFAULT false, -- a person took an allocation back: never matched by itself again
    created_at           timestamptz NOT NULL,
    CONSTRAINT bank_line_once UNIQUE (line_key, occurrence),
    CONSTRAINT bank_line_allocated CHECK (allocated_fen BETWEEN 0 AND amount_fen),
    CONSTRAINT bank_line_state_allocated CHECK ((state = 'allocated') = (allocated_fen = amount_fen)),
    CONSTRAINT bank_line_only_in CHECK (direction = 'in' OR state = 'aside')
);
CREATE INDEX bank_line_of_batch ON bank_line (batch_id, row_no);
CREATE INDEX bank_line_open ON bank_line (account_id, booked_on DESC, id DESC) WHERE state = 'open';
CREATE INDEX bank_line_allocated_recent ON bank_line (account_id, booked_on DESC, id DESC) WHERE state = 'allocated';
CREATE INDEX bank_line_by_payer_account ON bank_line (payer_account_index);
GRANT SELECT, INSERT, UPDATE ON bank_line TO caconsole_app;
GRANT SELECT ON bank_line TO caconsole_read;

-- What an order owes by transfer.
CREATE TABLE receivable (
    id            uuid PRIMARY KEY,
    order_id      uuid        NOT NULL CONSTRAINT receivable_of_order UNIQUE REFERENCES orders (id),
    order_no      text        NOT NULL CONSTRAINT receivable_order_no UNIQUE,
    project_id    uuid        NOT NULL REFERENCES project (id),
    payer_name    text        NOT NULL,
    payer_norm    text        NOT NULL CONSTRAINT receivable_payer_norm CHECK (payer_norm <> ''),
    due_fen       bigint      NOT NULL CONSTRAINT receivable_due CHECK (due_fen > 0),
    allocated_fen bigint      NOT NULL DEFAULT 0,
    state         text        NOT NULL CONSTRAINT receivable_state CHECK (state IN ('open', 'settled', 'closed')),
    since         date        NOT NULL, -- the Beijing day the money began to be awaited
    created_at    timestamptz NOT NULL,
    CONSTRAINT receivable_allocated CHECK (allocated_fen BETWEEN 0 AND due_fen),
    CONSTRAINT receivable_settled CHECK ((state = 'settled') = (allocated_fen = due_fen))
);
CREATE INDEX receivable_open ON receivable (project_id, payer_norm) WHERE state = 'open';
GRANT SELECT, INSERT, UPDATE ON receivable TO caconsole_app;
GRANT SELECT ON receivable TO caconsole_read;

-- What a voucher claims, as the matching uses it; only the last one of an order counts.
CREATE TABLE receivable_claim (
    receivable_id uuid PRIMARY KEY REFERENCES receivable (id),
    document_id   uuid        NOT NULL REFERENCES document (id),
    image_sm3     bytea       NOT NULL CONSTRAINT receivable_claim_image_sm3 CHECK (octet_length(image_sm3) = 32),
    payer_name    text        NOT NULL,
    payer_norm    text        NOT NULL,
    amount_fen    bigint      NOT NULL CONSTRAINT receivable_claim_amount CHECK (amount_fen > 0),
    paid_on       date        NOT NULL,
    created_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON receivable_claim TO caconsole_app;
GRANT SELECT ON receivable_claim TO caconsole_read;

-- Which line paid what. Rows are only ever added: taking one back is a row with the negative amount that names it.
CREATE TABLE allocation (
    id            uuid PRIMARY KEY,
    line_id       uuid        NOT NULL REFERENCES bank_line (id),
    receivable_id uuid        NOT NULL REFERENCES receivable (id),
    amount_fen    bigint      NOT NULL,
    reverses      uuid        CONSTRAINT allocation_reversed_once UNIQUE REFERENCES allocation (id),
    source        text        NOT NULL CONSTRAINT allocation_source CHECK (source IN ('auto', 'manual')),
    score         int         NOT NULL,
    reasons       jsonb       NOT NULL CONSTRAINT allocation_reasons CHECK (jsonb_typeof(reasons) = 'array'),
    rule_version  text        NOT NULL,
    by_staff      uuid        REFERENCES staff (id),
    created_at    timestamptz NOT NULL,
    CONSTRAINT allocation_sign CHECK ((reverses IS NULL AND amount_fen > 0) OR (reverses IS NOT NULL AND amount_fen < 0)),
    CONSTRAINT allocation_by CHECK (source = 'auto' OR by_staff IS NOT NULL)
);
CREATE INDEX allocation_of_line ON allocation (line_id, created_at);
CREATE INDEX allocation_of_receivable ON allocation (receivable_id, created_at);
GRANT SELECT, INSERT ON allocation TO caconsole_app;
GRANT SELECT ON allocation TO caconsole_read;

-- What the last matching run proposes; written anew by every run, checked again by every act.
CREATE TABLE match_proposal (
    line_id       uuid NOT NULL REFERENCES bank_line (id),
    receivable_id uuid NOT NULL REFERENCES receivable (id),
    project_id    uuid NOT NULL REFERENCES project (id),
    amount_fen    bigint      NOT NULL CONSTRAINT match_proposal_amount CHECK (amount_fen > 0),
    auto          boolean     NOT NULL,
    score         int         NOT NULL,
    reasons       jsonb       NOT NULL CONSTRAINT match_proposal_reasons CHECK (jsonb_typeof(reasons) = 'array'),
    rule_version  text        NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (line_id, receivable_id)
);
CREATE INDEX match_proposal_of_receivable ON match_proposal (receivable_id);
CREATE INDEX match_proposal_of_project ON match_proposal (project_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON match_proposal TO caconsole_app;
GRANT SELECT ON match_proposal TO caconsole_read;
