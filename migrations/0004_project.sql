-- +goose Up
-- Projects (大客户专区) and their data with effective dates: settings, prices; agreements hold for all projects.

CREATE TABLE project (
    id         uuid PRIMARY KEY,
    code       text NOT NULL CONSTRAINT project_code_once UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT project_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,31}$'),
    CONSTRAINT project_name_length CHECK (char_length(name) BETWEEN 1 AND 100)
);

-- The newest row not after a moment is the value at that moment; a key without a row has the default of the code.
CREATE TABLE project_setting (
    project_id     uuid NOT NULL REFERENCES project (id),
    key            text NOT NULL,
    value          jsonb NOT NULL,
    effective_from timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (project_id, key, effective_from),
    CONSTRAINT project_setting_key_form CHECK (key ~ '^[a-z][a-z0-9_]{1,63}$')
);

CREATE TABLE price (
    project_id     uuid NOT NULL REFERENCES project (id),
    cert_type      text NOT NULL,
    years          smallint NOT NULL,
    amount_fen     bigint NOT NULL,
    effective_from timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (project_id, cert_type, years, effective_from),
    CONSTRAINT price_cert_type_known CHECK (cert_type IN ('organisation')),
    CONSTRAINT price_years_range CHECK (years BETWEEN 1 AND 5),
    CONSTRAINT price_amount_positive CHECK (amount_fen > 0)
);

CREATE TABLE agreement (
    code           text NOT NULL,
    version        integer NOT NULL,
    title          text NOT NULL,
    body           text NOT NULL,
    sensitive      boolean NOT NULL, -- biometrics: its own tick, and refusing it blocks only what needs biometrics
    effective_from timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (code, version),
    CONSTRAINT agreement_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,31}$'),
    CONSTRAINT agreement_version_positive CHECK (version > 0)
);

-- Published values are never rewritten: a change is a new row with a later date.
GRANT SELECT, INSERT ON project, project_setting, price, agreement TO caconsole_app;
GRANT SELECT ON project, project_setting, price, agreement TO caconsole_read;
