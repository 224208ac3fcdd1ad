-- +goose Up
-- The inventory lists pairs by state and end. The end stands beside the state for that: of ten years of pairs nearly all
-- are renewed, and a list of the few that ran out without a successor must not walk past the others. It never changes.
ALTER TABLE certificate_state ADD COLUMN not_after timestamptz;
UPDATE certificate_state s SET not_after = c.not_after FROM certificate c WHERE c.pair_id = s.pair_id AND c.kind = 'sign';
ALTER TABLE certificate_state ALTER COLUMN not_after SET NOT NULL;
CREATE INDEX certificate_state_of_project ON certificate_state (project_id, state, not_after, pair_id);
CREATE INDEX certificate_state_by_end ON certificate_state (state, not_after, pair_id);
-- By a part of the holder's name: see 0016's bigrams. Only the sign certificate is looked at, each pair has one.
DROP INDEX certificate_by_end;
CREATE INDEX certificate_newest ON certificate (not_after DESC, id DESC) WHERE kind = 'sign';
CREATE INDEX certificate_holder ON certificate USING gin (bigrams(holder)) WHERE kind = 'sign';
