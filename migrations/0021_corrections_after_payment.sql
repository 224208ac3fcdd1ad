-- +goose Up
-- Years corrected after payment: an order may be paid by several payments, and a part of one may go back.
--
-- What of the price is paid and neither back nor on its way. The facts stand with the payments; this is what an order's
-- sentence and lists go by, and the trigger below holds it to them.
ALTER TABLE orders ADD COLUMN kept_fen bigint NOT NULL DEFAULT 0 CONSTRAINT orders_kept CHECK (kept_fen >= 0);

-- One way to pay at a time; those that were paid by stay.
DROP INDEX payment_intent_one_live;
CREATE UNIQUE INDEX payment_intent_one_live ON payment_intent (order_id) WHERE state = 'awaiting';
CREATE INDEX payment_intent_of_order ON payment_intent (order_id);

CREATE FUNCTION money_kept(of_order uuid) RETURNS bigint LANGUAGE sql STABLE STRICT
    RETURN (SELECT coalesce(sum(i.amount_fen - coalesce(p.refunded_fen, i.refunded_fen)), 0)::bigint
            FROM payment_intent i LEFT JOIN online_payment p ON p.intent_id = i.id WHERE i.order_id = of_order AND i.state = 'settled');

UPDATE orders SET kept_fen = money_kept(id) WHERE payment IN ('settled', 'awaiting') AND money_kept(id) > 0;

-- At the end of every transaction that moves an order's payment or price: what it says to be kept is what the payments
-- come to; settled is paid in full, and whoever has paid in full awaits nothing.
-- +goose StatementBegin
CREATE FUNCTION orders_money_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    o    record;
    kept bigint;
BEGIN
    SELECT payment, amount_fen, kept_fen INTO o FROM orders WHERE id = NEW.id;
    kept := money_kept(NEW.id);
    IF o.kept_fen <> kept
        OR kept > 0 AND NOT (o.payment = 'settled' AND kept = o.amount_fen OR o.payment = 'awaiting' AND kept < o.amount_fen) THEN
        RAISE EXCEPTION 'order %: % of % fen kept, payments come to %, %', NEW.id, o.kept_fen, o.amount_fen, kept, o.payment
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_money_adds_up';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER orders_money_adds_up AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.payment, OLD.amount_fen, OLD.kept_fen) IS DISTINCT FROM (NEW.payment, NEW.amount_fen, NEW.kept_fen))
    EXECUTE FUNCTION orders_money_adds_up();

-- Differences that are awaited: few, and looked for by the sweep and by finance.
CREATE INDEX orders_difference ON orders (project_id, stage_since) WHERE payment = 'awaiting' AND kept_fen > 0;
ALTER TABLE order_nudge DROP CONSTRAINT order_nudge_kind;
ALTER TABLE order_nudge ADD CONSTRAINT order_nudge_kind CHECK (kind IN
    ('unpaid', 'transfer', 'difference', 'overdue', 'update_1', 'update_3', 'update_7', 'called'));

-- One open receivable of an order: a difference by transfer is another one.
ALTER TABLE receivable DROP CONSTRAINT receivable_of_order;
ALTER TABLE receivable DROP CONSTRAINT receivable_order_no;
CREATE UNIQUE INDEX receivable_of_order ON receivable (order_id) WHERE state = 'open';
CREATE UNIQUE INDEX receivable_order_no ON receivable (order_no) WHERE state = 'open';
CREATE INDEX receivable_all_of_order ON receivable (order_id);
CREATE INDEX receivable_all_by_no ON receivable (order_no);

-- One live invoice of an order: one that is taken back (红冲) makes room for the next.
ALTER TABLE invoice DROP CONSTRAINT invoice_state;
ALTER TABLE invoice ADD CONSTRAINT invoice_state CHECK (state IN ('requested', 'issuing', 'issued', 'failed', 'cancelled', 'red_lettered'));
ALTER TABLE invoice ADD CONSTRAINT invoice_red_lettered CHECK (state <> 'red_lettered' OR number <> '');
UPDATE invoice SET state = 'red_lettered' WHERE id IN (SELECT invoice_id FROM red_letter WHERE state = 'issued');
DROP INDEX invoice_one_open;
CREATE UNIQUE INDEX invoice_one_open ON invoice (order_id, kind) WHERE state NOT IN ('cancelled', 'red_lettered');
CREATE INDEX invoice_of_order ON invoice (order_id);
DROP INDEX invoice_unissued;
CREATE INDEX invoice_unissued ON invoice (created_at DESC, id DESC) WHERE state NOT IN ('issued', 'cancelled', 'red_lettered');
