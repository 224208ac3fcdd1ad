-- +goose Up
-- What counts and lists of troubled invoices and matched credits ask of every row, answered by the index alone (package
-- admin/board). A message enters the first only when it is lost; the others grow by 16 to 24 bytes an allocation.
DROP INDEX message_undelivered;
CREATE INDEX message_undelivered ON message (order_id) INCLUDE (dedupe_key, channel, version) WHERE state IN ('failed', 'unknown');
DROP INDEX allocation_of_line;
CREATE INDEX allocation_of_line ON allocation (line_id, created_at, id);
DROP INDEX allocation_by_hand;
CREATE INDEX allocation_by_hand ON allocation (line_id, created_at, id) WHERE source = 'manual';
