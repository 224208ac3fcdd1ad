-- +goose Up
-- One row a message and recipient. A resend is a further row of the next version; nothing sent is ever rewritten.
CREATE TABLE message (
    id          uuid PRIMARY KEY,
    order_id    uuid REFERENCES orders (id),
    template    text        NOT NULL,
    channel     text        NOT NULL CONSTRAINT message_channel CHECK (channel IN ('sms', 'mail')),
    to_sealed   bytea       NOT NULL CONSTRAINT message_to_sealed CHECK (octet_length(to_sealed) >= 34 AND get_byte(to_sealed, 0) = 1),
    to_mask     text        NOT NULL,
    args_sealed bytea       NOT NULL CONSTRAINT message_args_sealed CHECK (octet_length(args_sealed) >= 34 AND get_byte(args_sealed, 0) = 1),
    -- The same event tells the same person once: a second message of the key and version is dropped.
    dedupe_key  text        NOT NULL,
    version     int         NOT NULL CONSTRAINT message_version CHECK (version >= 1),
    state       text        NOT NULL CONSTRAINT message_state CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'unknown')),
    provider_id text        NOT NULL DEFAULT '',
    attempts    int         NOT NULL DEFAULT 0,
    last_error  text        NOT NULL DEFAULT '',
    not_before  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT message_once UNIQUE (dedupe_key, channel, version)
);
CREATE INDEX message_of_order ON message (order_id, created_at DESC);
CREATE INDEX message_by_provider ON message (provider_id) WHERE provider_id <> '';
CREATE INDEX message_open ON message (not_before, id) WHERE state IN ('queued', 'sending');
GRANT SELECT, INSERT, UPDATE ON message TO caconsole_app;
GRANT SELECT (id, order_id, template, channel, to_mask, dedupe_key, version, state, provider_id, attempts, last_error, not_before, created_at, sent_at, changed_at) ON message TO caconsole_read;
