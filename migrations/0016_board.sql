-- +goose Up
-- What the lists and searches of the screens read by (package admin/board); admin/board/BENCH.md has their figures.

-- Company names are searched by any two or more characters in a row, which trigrams cannot: every pair of neighbouring
-- characters is a key. A text contains a word only if its pairs contain the word's; LIKE settles their order.
CREATE FUNCTION bigrams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT DISTINCT substr(words, at, 2) FROM generate_series(1, length(words) - 1) AS at);

-- Without a list of pending entries, which every search would have to read through.
CREATE INDEX orders_by_name ON orders USING gin (bigrams(holder)) WITH (fastupdate = off);
CREATE INDEX invoice_by_name ON invoice USING gin (bigrams(buyer_title)) WITH (fastupdate = off);
CREATE INDEX bank_line_by_name ON bank_line USING gin (bigrams(payer_name)) WITH (fastupdate = off) WHERE state = 'allocated';
CREATE INDEX bank_line_by_text ON bank_line USING gin (bigrams(text)) WITH (fastupdate = off) WHERE state = 'allocated';

CREATE INDEX orders_to_review ON orders (review_due_at, id) WHERE stage = 'review' AND review = 'queued';
CREATE INDEX orders_to_issue ON orders (stage_since, id) INCLUDE (issuance) WHERE stage = 'to_issue';
CREATE INDEX orders_in_work ON orders (stage_since, id) WHERE stage IN ('review', 'second_review', 'transfer', 'returned');
CREATE INDEX orders_of_stage ON orders (stage, created_at DESC, id DESC);
CREATE INDEX orders_of_project ON orders (project_id, created_at DESC, id DESC);
CREATE INDEX orders_by_medium ON orders (medium_no, created_at DESC);
CREATE INDEX orders_by_old_pair ON orders (old_pair_id);
-- Empty unless something is wrong: a certificate that nobody paid for.
CREATE INDEX orders_signed_unpaid ON orders (id)
    WHERE issuance IN ('signed', 'recorded') AND payment NOT IN ('settled', 'waived', 'refunding', 'refunded');

CREATE INDEX review_verdict_returned ON review_verdict (order_id) WHERE decision = 'returned';

CREATE INDEX invoice_of_project ON invoice (project_id, created_at DESC, id DESC);
CREATE INDEX invoice_unissued ON invoice (created_at DESC, id DESC) WHERE state <> 'issued';
-- Few are sent again: whether one was is asked of these alone.
CREATE INDEX message_resent ON message (dedupe_key, channel, version) WHERE version > 1;
CREATE INDEX message_undelivered ON message (order_id) WHERE state IN ('failed', 'unknown');

CREATE INDEX bank_line_waiting ON bank_line (booked_on DESC, id DESC) WHERE state = 'open';
CREATE INDEX bank_line_matched ON bank_line (booked_on DESC, id DESC) WHERE state = 'allocated';
CREATE INDEX bank_line_by_amount ON bank_line (amount_fen, booked_on DESC, id DESC) WHERE state = 'allocated';
CREATE INDEX bank_line_open_of_batch ON bank_line (batch_id) WHERE state = 'open';
CREATE INDEX allocation_by_hand ON allocation (line_id) WHERE source = 'manual';
CREATE INDEX import_batch_recent ON import_batch (created_at DESC, id DESC);
