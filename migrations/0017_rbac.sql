-- +goose Up

-- Who may do what (package rbac): Casbin's rules. p: a role may do a verb to a noun; g: a role has all of another one's.
CREATE TABLE casbin_rule (
    ptype text NOT NULL,
    v0    text NOT NULL,
    v1    text NOT NULL,
    v2    text NOT NULL DEFAULT '',
    PRIMARY KEY (ptype, v0, v1, v2),
    CONSTRAINT casbin_rule_ptype CHECK ((ptype = 'p' AND v2 <> '') OR (ptype = 'g' AND v2 = ''))
);

-- Every change counts up and is told to all processes at commit, whoever makes it.
CREATE TABLE policy_version (
    single  boolean PRIMARY KEY DEFAULT true,
    version bigint  NOT NULL,
    CONSTRAINT policy_version_single CHECK (single)
);
INSERT INTO policy_version (version) VALUES (1);

-- +goose StatementBegin
CREATE FUNCTION policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE policy_version SET version = version + 1;
    PERFORM pg_notify('caconsole_policy', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE ON casbin_rule
    FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

INSERT INTO casbin_rule (ptype, v0, v1) VALUES
    ('g', 'reviewer', 'staff'),
    ('g', 'second_reviewer', 'reviewer'),
    ('g', 'review_lead', 'reviewer'),
    ('g', 'issuer', 'staff'),
    ('g', 'finance', 'staff'),
    ('g', 'finance_lead', 'finance'),
    ('g', 'hotline', 'staff'),
    ('g', 'hotline_lead', 'hotline'),
    ('g', 'auditor', 'staff'),
    ('g', 'security_admin', 'staff'),
    ('g', 'system_admin', 'staff'),
    ('g', 'key_officer', 'staff');

INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
    ('p', 'staff', 'home', 'view'),
    ('p', 'reviewer', 'queue', 'view'),
    ('p', 'reviewer', 'case', 'view'),
    ('p', 'reviewer', 'case', 'claim'),
    ('p', 'reviewer', 'case', 'decide'),
    ('p', 'reviewer', 'case', 'reveal'),
    ('p', 'reviewer', 'document', 'view'),
    ('p', 'reviewer', 'identity', 'view'),
    ('p', 'reviewer', 'order', 'search'),
    ('p', 'review_lead', 'certificate', 'view'),
    ('p', 'issuer', 'issuance', 'view'),
    ('p', 'issuer', 'issuance', 'confirm'),
    ('p', 'issuer', 'certificate', 'view'),
    ('p', 'issuer', 'case', 'view'),
    ('p', 'issuer', 'order', 'search'),
    ('p', 'finance', 'statement', 'view'),
    ('p', 'finance', 'statement', 'import'),
    ('p', 'finance', 'matching', 'view'),
    ('p', 'finance', 'matching', 'allocate'),
    ('p', 'finance', 'invoice', 'view'),
    ('p', 'finance', 'invoice', 'resend'),
    ('p', 'finance', 'order', 'search'),
    ('p', 'finance', 'case', 'view'),
    ('p', 'hotline', 'hotline', 'view'),
    ('p', 'hotline_lead', 'order', 'search'),
    ('p', 'hotline_lead', 'case', 'view'),
    ('p', 'auditor', 'audit', 'view'),
    ('p', 'auditor', 'audit', 'verify'),
    ('p', 'auditor', 'staff', 'view'),
    ('p', 'security_admin', 'staff', 'view'),
    ('p', 'security_admin', 'staff', 'manage'),
    ('p', 'system_admin', 'project', 'view'),
    ('p', 'system_admin', 'project', 'manage');

GRANT SELECT, INSERT, DELETE ON casbin_rule TO caconsole_app;
GRANT SELECT, UPDATE ON policy_version TO caconsole_app;
GRANT SELECT ON casbin_rule, policy_version TO caconsole_read;
