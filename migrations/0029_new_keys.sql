-- +goose Up
-- Where a project re-keys, the driver brings a CSR, and the old key signs what binds it to the session.
ALTER TABLE update_session ADD COLUMN csr bytea CONSTRAINT update_session_csr CHECK (octet_length(csr) BETWEEN 1 AND 8192);

-- The signature of an old Ukey over the CSR it collects for. It authorises nothing: staff have. Append-only.
CREATE TABLE collect_proof (
    update_id uuid PRIMARY KEY REFERENCES update_session (id),
    signature bytea       NOT NULL,
    at        timestamptz NOT NULL
);
GRANT SELECT, INSERT ON collect_proof TO caconsole_app;
GRANT SELECT ON collect_proof TO caconsole_read;

-- Which session's CSR a request is for.
ALTER TABLE issuance_request ADD COLUMN update_id uuid REFERENCES update_session (id);

-- A key that is asked for is for one authorisation, and for the session that brought the CSR where a driver did. Why the
-- centre refused: a fault key; then nothing comes of it, and another CSR is waited for.
ALTER TABLE key_application
    ADD COLUMN authorisation_id uuid NOT NULL REFERENCES authorisation (id),
    ADD COLUMN update_id        uuid REFERENCES update_session (id),
    ADD COLUMN reason           text NOT NULL DEFAULT '';
CREATE INDEX key_application_open ON key_application (created_at) WHERE reason = '';
GRANT UPDATE (reason) ON key_application TO caconsole_app;
GRANT SELECT ON key_application TO caconsole_read;

ALTER TABLE update_step DROP CONSTRAINT update_step_step;
ALTER TABLE update_step ADD CONSTRAINT update_step_step CHECK (step IN ('sign_certificate', 'encryption_key', 'encryption_certificate'));
