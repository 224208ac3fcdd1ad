-- +goose Up
-- Nobody signs with a key that the console holds: what is left of those keys goes.
DROP TABLE staff_approval_key;
