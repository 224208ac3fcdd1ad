-- +goose Up
-- What the applicant confirmed and signs on paper. A version never changes; corrected fields make a new one.
CREATE TABLE form_version (
    id            uuid        PRIMARY KEY,
    order_id      uuid        NOT NULL REFERENCES orders (id),
    version       int         NOT NULL CONSTRAINT form_version_number CHECK (version >= 1),
    order_no      text        NOT NULL,
    digest        bytea       NOT NULL CONSTRAINT form_version_digest CHECK (octet_length(digest) = 32),
    fields_sealed bytea       NOT NULL CONSTRAINT form_version_fields_sealed CHECK (octet_length(fields_sealed) >= 34 AND get_byte(fields_sealed, 0) = 1),
    created_at    timestamptz NOT NULL,
    CONSTRAINT form_version_key UNIQUE (order_id, version)
);

-- Uploaded papers. The original lies sealed in the object store and is never served; staff see page images.
CREATE TABLE document (
    id               uuid        PRIMARY KEY,
    order_id         uuid        NOT NULL REFERENCES orders (id),
    project_id       uuid        NOT NULL REFERENCES project (id),
    kind             text        NOT NULL CONSTRAINT document_kind CHECK (kind IN ('application_form', 'business_licence', 'remittance_voucher')),
    version          int         NOT NULL CONSTRAINT document_number CHECK (version >= 1),
    state            text        NOT NULL CONSTRAINT document_state CHECK (state IN ('uploaded', 'accepted', 'returned', 'superseded')),
    returned_reason  text        NOT NULL DEFAULT '',
    -- Of the form this paper is a scan of; 0 for other kinds.
    form_version     int         NOT NULL CONSTRAINT document_form_version CHECK ((kind = 'application_form') = (form_version > 0)),
    mime             text        NOT NULL CONSTRAINT document_mime CHECK (mime IN ('image/jpeg', 'image/png', 'application/pdf')),
    pages            int         NOT NULL CONSTRAINT document_pages CHECK (pages BETWEEN 1 AND 20),
    size_bytes       bigint      NOT NULL CONSTRAINT document_size CHECK (size_bytes > 0),
    sm3              bytea       NOT NULL CONSTRAINT document_sm3 CHECK (octet_length(sm3) = 32),
    object_key       text        NOT NULL CONSTRAINT document_object_key UNIQUE,
    data_key_sealed  bytea       NOT NULL CONSTRAINT document_data_key_sealed CHECK (octet_length(data_key_sealed) >= 34 AND get_byte(data_key_sealed, 0) = 1),
    images           text        NOT NULL CONSTRAINT document_images CHECK (images IN ('pending', 'ready', 'failed')),
    -- What the applicant says a remittance voucher shows. It settles nothing.
    payer_sealed     bytea       CONSTRAINT document_payer_sealed CHECK (octet_length(payer_sealed) >= 34 AND get_byte(payer_sealed, 0) = 1),
    paid_fen         bigint      CONSTRAINT document_paid_fen CHECK (paid_fen > 0),
    paid_on          date,
    created_at       timestamptz NOT NULL,
    decided_at       timestamptz,
    CONSTRAINT document_version_key UNIQUE (order_id, kind, version),
    CONSTRAINT document_claim CHECK (kind = 'remittance_voucher' OR (payer_sealed IS NULL AND paid_fen IS NULL AND paid_on IS NULL))
);

CREATE UNIQUE INDEX document_one_current ON document (order_id, kind) WHERE state <> 'superseded';
CREATE INDEX document_images_pending ON document (created_at) WHERE images = 'pending';

-- Images of the pages, made by the server from the original and sealed like it.
CREATE TABLE document_page (
    document_id     uuid        NOT NULL REFERENCES document (id),
    page            int         NOT NULL CONSTRAINT document_page_number CHECK (page BETWEEN 1 AND 20),
    size            text        NOT NULL CONSTRAINT document_page_size CHECK (size IN ('small', 'large')),
    width           int         NOT NULL,
    height          int         NOT NULL,
    size_bytes      bigint      NOT NULL,
    sm3             bytea       NOT NULL CONSTRAINT document_page_sm3 CHECK (octet_length(sm3) = 32),
    object_key      text        NOT NULL CONSTRAINT document_page_object_key UNIQUE,
    data_key_sealed bytea       NOT NULL CONSTRAINT document_page_data_key_sealed CHECK (octet_length(data_key_sealed) >= 34 AND get_byte(data_key_sealed, 0) = 1),
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (document_id, page, size)
);

GRANT SELECT, INSERT ON form_version, document_page TO caconsole_app;
GRANT SELECT, INSERT, UPDATE ON document TO caconsole_app;
GRANT SELECT (id, order_id, version, order_no, digest, created_at) ON form_version TO caconsole_read;
GRANT SELECT (id, order_id, project_id, kind, version, state, returned_reason, form_version, mime, pages, size_bytes, sm3,
    images, paid_fen, paid_on, created_at, decided_at) ON document TO caconsole_read;
GRANT SELECT (document_id, page, size, width, height) ON document_page TO caconsole_read;
