-- +goose Up
-- An invoice asked for and not yet with the vendor is cancelled when its order ends: it must not be issued any more.
ALTER TABLE invoice DROP CONSTRAINT invoice_state;
ALTER TABLE invoice ADD CONSTRAINT invoice_state CHECK (state IN ('requested', 'issuing', 'issued', 'failed', 'cancelled'));
DROP INDEX invoice_unissued;
CREATE INDEX invoice_unissued ON invoice (created_at DESC, id DESC) WHERE state NOT IN ('issued', 'cancelled');

-- The taking back of an issued invoice (红冲). The tax bureau first wants a confirmation form (红字确认单), which a buyer
-- who has already used the invoice must agree to; the red invoice follows by itself.
CREATE TABLE red_letter (
    id             uuid PRIMARY KEY,
    invoice_id     uuid        NOT NULL REFERENCES invoice (id) CONSTRAINT red_letter_once UNIQUE,
    order_id       uuid        NOT NULL REFERENCES orders (id),
    project_id     uuid        NOT NULL REFERENCES project (id),
    state          text        NOT NULL CONSTRAINT red_letter_state CHECK (state IN
                               ('waiting_invoice', 'requested', 'asked', 'waiting_buyer', 'confirmed', 'issued', 'not_needed', 'blocked')),
    -- Our number of form and red invoice at the vendor, stored before the first call; a form that came to nothing is
    -- followed by one of the next number.
    serial         text        NOT NULL CONSTRAINT red_letter_serial_key UNIQUE,
    try            int         NOT NULL CONSTRAINT red_letter_try CHECK (try >= 1),
    form_state     text        NOT NULL DEFAULT '', -- the vendor's two digits
    form_no        text        NOT NULL DEFAULT '',
    number         text        NOT NULL DEFAULT '', -- of the red invoice
    by_hand        boolean     NOT NULL DEFAULT false, -- done at the tax bureau by a person, who typed the number
    pdf_object_key text,
    pdf_sm3        bytea       CONSTRAINT red_letter_pdf_sm3 CHECK (octet_length(pdf_sm3) = 32),
    pdf_bytes      bigint,
    pdf_data_key   bytea,
    attempts       int         NOT NULL DEFAULT 0,
    last_error     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    issued_at      timestamptz,
    changed_at     timestamptz NOT NULL,
    CONSTRAINT red_letter_issued CHECK (state <> 'issued' OR (number <> '' AND issued_at IS NOT NULL))
);
CREATE INDEX red_letter_open ON red_letter (changed_at, id) WHERE state NOT IN ('issued', 'not_needed', 'blocked');
CREATE INDEX red_letter_blocked ON red_letter (created_at, id) WHERE state = 'blocked';
CREATE INDEX red_letter_of_order ON red_letter (order_id);
CREATE INDEX red_letter_recent ON red_letter (created_at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE ON red_letter TO caconsole_app;
GRANT SELECT (id, invoice_id, order_id, project_id, state, serial, try, form_state, form_no, number, by_hand, pdf_bytes, attempts, last_error, created_at, issued_at, changed_at) ON red_letter TO caconsole_read;

-- Money back before its invoice: a list that is empty on a good day.
CREATE INDEX orders_refunded_not_red ON orders (project_id) WHERE payment = 'refunded' AND invoice IN ('requested', 'issued', 'dispatched');

-- What a sweep has done about an order that hangs, so that it does so once: a reminder, a task, a call.
CREATE TABLE order_nudge (
    order_id uuid        NOT NULL REFERENCES orders (id),
    kind     text        NOT NULL CONSTRAINT order_nudge_kind CHECK (kind IN
                         ('unpaid', 'transfer', 'overdue', 'update_1', 'update_3', 'update_7', 'called')),
    at       timestamptz NOT NULL,
    PRIMARY KEY (order_id, kind)
);
GRANT SELECT, INSERT, DELETE ON order_nudge TO caconsole_app;
GRANT SELECT ON order_nudge TO caconsole_read;

-- Exceptions to Monday to Friday (调休): holidays, and the weekends worked in their place. The year's days are published
-- by the State Council at the end of the year before and loaded then.
CREATE TABLE calendar_day (
    day        date PRIMARY KEY,
    works      boolean     NOT NULL,
    name       text        NOT NULL CONSTRAINT calendar_day_name CHECK (length(name) BETWEEN 1 AND 40),
    created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_day TO caconsole_app;
GRANT SELECT ON calendar_day TO caconsole_read;
INSERT INTO calendar_day (day, works, name, created_at)
SELECT d::date, false, h.name, now() FROM (VALUES
    ('2026-01-01', '2026-01-03', '元旦'), ('2026-02-15', '2026-02-23', '春节'), ('2026-04-04', '2026-04-06', '清明节'),
    ('2026-05-01', '2026-05-05', '劳动节'), ('2026-06-19', '2026-06-21', '端午节'), ('2026-09-25', '2026-09-27', '中秋节'),
    ('2026-10-01', '2026-10-07', '国庆节')
) AS h (first, last, name), generate_series(h.first::date, h.last::date, interval '1 day') AS d
UNION ALL
SELECT d::date, true, name || '调休', now() FROM (VALUES
    ('2026-01-04', '元旦'), ('2026-02-14', '春节'), ('2026-02-28', '春节'), ('2026-05-09', '劳动节'), ('2026-09-20', '国庆节'), ('2026-10-10', '国庆节')
) AS w (d, name);
