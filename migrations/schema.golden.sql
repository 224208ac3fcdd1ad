-- What the migrations make. Written by a test (go test ./migrations -update), read by people.

CREATE TABLE agreement
    code text NOT NULL
    version integer NOT NULL
    title text NOT NULL
    body text NOT NULL
    sensitive boolean NOT NULL
    effective_from timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT agreement_pkey PRIMARY KEY (code, version)
    CONSTRAINT agreement_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,31}$'::text)
    CONSTRAINT agreement_version_positive CHECK (version > 0)
GRANT INSERT, SELECT ON agreement TO caconsole_app
GRANT SELECT ON agreement TO caconsole_read

CREATE TABLE allocation
    id uuid NOT NULL
    line_id uuid NOT NULL
    receivable_id uuid NOT NULL
    amount_fen bigint NOT NULL
    reverses uuid
    source text NOT NULL
    score integer NOT NULL
    reasons jsonb NOT NULL
    rule_version text NOT NULL
    by_staff uuid
    created_at timestamp with time zone NOT NULL
    CONSTRAINT allocation_pkey PRIMARY KEY (id)
    CONSTRAINT allocation_by CHECK (source = 'auto'::text OR by_staff IS NOT NULL)
    CONSTRAINT allocation_by_staff_fkey FOREIGN KEY (by_staff) REFERENCES staff(id)
    CONSTRAINT allocation_line_id_fkey FOREIGN KEY (line_id) REFERENCES bank_line(id)
    CONSTRAINT allocation_reasons CHECK (jsonb_typeof(reasons) = 'array'::text)
    CONSTRAINT allocation_receivable_id_fkey FOREIGN KEY (receivable_id) REFERENCES receivable(id)
    CONSTRAINT allocation_reversed_once UNIQUE (reverses)
    CONSTRAINT allocation_reverses_fkey FOREIGN KEY (reverses) REFERENCES allocation(id)
    CONSTRAINT allocation_sign CHECK (reverses IS NULL AND amount_fen > 0 OR reverses IS NOT NULL AND amount_fen < 0)
    CONSTRAINT allocation_source CHECK (source = ANY (ARRAY['auto'::text, 'manual'::text]))
CREATE INDEX allocation_by_hand ON public.allocation USING btree (line_id, created_at, id) WHERE (source = 'manual'::text)
CREATE INDEX allocation_of_line ON public.allocation USING btree (line_id, created_at, id)
CREATE INDEX allocation_of_receivable ON public.allocation USING btree (receivable_id, created_at)
GRANT INSERT, SELECT ON allocation TO caconsole_app
GRANT SELECT ON allocation TO caconsole_read

CREATE TABLE applicant
    id uuid NOT NULL
    phone_sealed bytea NOT NULL
    phone_index bytea NOT NULL
    phone_mask text NOT NULL
    created_at timestamp with time zone NOT NULL
    last_login_at timestamp with time zone NOT NULL
    CONSTRAINT applicant_pkey PRIMARY KEY (id)
    CONSTRAINT applicant_phone_index_form CHECK (octet_length(phone_index) = 16)
    CONSTRAINT applicant_phone_once UNIQUE (phone_index)
    CONSTRAINT applicant_phone_sealed_form CHECK (octet_length(phone_sealed) >= 34 AND get_byte(phone_sealed, 0) = 1)
GRANT INSERT, SELECT, UPDATE ON applicant TO caconsole_app
GRANT SELECT ON applicant TO caconsole_read

CREATE TABLE applicant_token
    token_hash bytea NOT NULL
    applicant_id uuid NOT NULL
    expires_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT applicant_token_pkey PRIMARY KEY (token_hash)
    CONSTRAINT applicant_token_applicant_id_fkey FOREIGN KEY (applicant_id) REFERENCES applicant(id)
    CONSTRAINT applicant_token_hash_form CHECK (octet_length(token_hash) = 32)
CREATE INDEX applicant_token_expiry ON public.applicant_token USING btree (expires_at)
GRANT DELETE, INSERT, SELECT, UPDATE ON applicant_token TO caconsole_app

CREATE TABLE approval
    id uuid NOT NULL
    duty text NOT NULL
    staff_id uuid NOT NULL
    at timestamp with time zone NOT NULL
    digests text NOT NULL
    signature bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    kind text NOT NULL
    assertion bytea
    delegation bytea
    CONSTRAINT approval_pkey PRIMARY KEY (id)
    CONSTRAINT approval_duty CHECK (duty = ANY (ARRAY['review'::text, 'issue'::text, 'issue_check'::text, 'revoke'::text, 'revoke_check'::text, 'profile_change'::text, 'profile_check'::text, 'registry'::text]))
    CONSTRAINT approval_evidence CHECK ((kind = 'webauthn'::text) = (assertion IS NOT NULL) AND (kind = 'delegated'::text) = (delegation IS NOT NULL))
    CONSTRAINT approval_kind CHECK (kind = ANY (ARRAY['sm2'::text, 'webauthn'::text, 'delegated'::text]))
    CONSTRAINT approval_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT INSERT, SELECT ON approval TO caconsole_app
GRANT SELECT ON approval TO caconsole_read

CREATE TABLE approval_item
    authorisation_id uuid NOT NULL
    approval_id uuid NOT NULL
    duty text NOT NULL
    staff_id uuid NOT NULL
    CONSTRAINT approval_item_once PRIMARY KEY (authorisation_id, duty)
    CONSTRAINT approval_item_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id)
    CONSTRAINT approval_item_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
    CONSTRAINT approval_item_four_eyes UNIQUE (authorisation_id, staff_id)
    CONSTRAINT approval_item_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX approval_item_of_approval ON public.approval_item USING btree (approval_id)
GRANT INSERT, SELECT ON approval_item TO caconsole_app
GRANT SELECT ON approval_item TO caconsole_read

CREATE TABLE approval_object
    digest bytea NOT NULL
    approval_id uuid NOT NULL
    duty text NOT NULL
    staff_id uuid NOT NULL
    CONSTRAINT approval_object_four_eyes PRIMARY KEY (digest, staff_id)
    CONSTRAINT approval_object_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval(id)
    CONSTRAINT approval_object_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT approval_object_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX approval_object_of_approval ON public.approval_object USING btree (approval_id)
CREATE UNIQUE INDEX approval_object_once ON public.approval_object USING btree (digest, duty) WHERE (duty <> 'registry'::text)
GRANT INSERT, SELECT ON approval_object TO caconsole_app
GRANT SELECT ON approval_object TO caconsole_read

CREATE TABLE audit_checkpoint
    number bigint NOT NULL
    size bigint NOT NULL
    root bytea NOT NULL
    at timestamp with time zone NOT NULL
    note text NOT NULL
    CONSTRAINT audit_checkpoint_pkey PRIMARY KEY (number)
    CONSTRAINT audit_checkpoint_number CHECK (number > 0)
    CONSTRAINT audit_checkpoint_root CHECK (octet_length(root) = 32)
    CONSTRAINT audit_checkpoint_size_key UNIQUE (size)
GRANT INSERT, SELECT ON audit_checkpoint TO caconsole_app
GRANT SELECT ON audit_checkpoint TO caconsole_read

CREATE TABLE audit_entry
    id uuid NOT NULL
    at timestamp with time zone NOT NULL
    actor_kind text NOT NULL
    actor_id uuid
    actor_name text NOT NULL
    session_id uuid
    request_id text NOT NULL
    ip text NOT NULL
    project_id uuid
    action text NOT NULL
    object text NOT NULL
    outcome text NOT NULL
    reason text NOT NULL
    details jsonb NOT NULL
    leaf_hash bytea NOT NULL
    CONSTRAINT audit_entry_pkey PRIMARY KEY (id)
    CONSTRAINT audit_entry_action CHECK (action <> ''::text)
    CONSTRAINT audit_entry_actor_kind CHECK (actor_kind = ANY (ARRAY['staff'::text, 'applicant'::text, 'driver'::text, 'vendor'::text, 'system'::text]))
    CONSTRAINT audit_entry_details CHECK (jsonb_typeof(details) = 'object'::text)
    CONSTRAINT audit_entry_leaf_hash CHECK (octet_length(leaf_hash) = 32)
    CONSTRAINT audit_entry_outcome CHECK (outcome = ANY (ARRAY['ok'::text, 'refused'::text, 'failed'::text]))
CREATE INDEX audit_entry_action_at ON public.audit_entry USING btree (action, at DESC, id DESC)
CREATE INDEX audit_entry_actor ON public.audit_entry USING btree (actor_name, at DESC, id DESC)
CREATE INDEX audit_entry_at ON public.audit_entry USING btree (at DESC, id DESC)
CREATE INDEX audit_entry_object ON public.audit_entry USING btree (object, at DESC, id DESC)
GRANT INSERT, SELECT ON audit_entry TO caconsole_app
GRANT SELECT ON audit_entry TO caconsole_read

CREATE TABLE audit_leaf
    number bigint NOT NULL
    entry_id uuid NOT NULL
    leaf_hash bytea NOT NULL
    CONSTRAINT audit_leaf_pkey PRIMARY KEY (number)
    CONSTRAINT audit_leaf_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES audit_entry(id)
    CONSTRAINT audit_leaf_entry_key UNIQUE (entry_id)
    CONSTRAINT audit_leaf_hash CHECK (octet_length(leaf_hash) = 32)
    CONSTRAINT audit_leaf_number CHECK (number > 0)
GRANT INSERT, SELECT ON audit_leaf TO caconsole_app
GRANT SELECT ON audit_leaf TO caconsole_read

CREATE TABLE audit_node
    last_number bigint NOT NULL
    level smallint NOT NULL
    hash bytea NOT NULL
    CONSTRAINT audit_node_pkey PRIMARY KEY (last_number, level)
    CONSTRAINT audit_node_hash CHECK (octet_length(hash) = 32)
    CONSTRAINT audit_node_level CHECK (level >= 1 AND level <= 62)
GRANT INSERT, SELECT ON audit_node TO caconsole_app
GRANT SELECT ON audit_node TO caconsole_read

CREATE TABLE authorisation
    id uuid NOT NULL
    order_id uuid NOT NULL
    old_pair_id uuid NOT NULL
    canonical bytea NOT NULL
    digest bytea NOT NULL
    content_digest bytea NOT NULL
    expires_at timestamp with time zone NOT NULL
    state text NOT NULL
    created_at timestamp with time zone NOT NULL
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT authorisation_pkey PRIMARY KEY (id)
    CONSTRAINT authorisation_content_digest CHECK (octet_length(content_digest) = 32)
    CONSTRAINT authorisation_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT authorisation_digest_key UNIQUE (digest)
    CONSTRAINT authorisation_old_pair_id_fkey FOREIGN KEY (old_pair_id) REFERENCES certificate_state(pair_id)
    CONSTRAINT authorisation_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT authorisation_state CHECK (state = ANY (ARRAY['open'::text, 'used'::text, 'void'::text]))
CREATE INDEX authorisation_lapsing ON public.authorisation USING btree (expires_at) WHERE (state = 'open'::text)
CREATE INDEX authorisation_of_pair ON public.authorisation USING btree (old_pair_id, created_at DESC)
CREATE UNIQUE INDEX authorisation_one_live ON public.authorisation USING btree (order_id) WHERE (state <> 'void'::text)
GRANT INSERT, SELECT, UPDATE ON authorisation TO caconsole_app
GRANT SELECT ON authorisation TO caconsole_read

CREATE TABLE authorisation_csr
    authorisation_id uuid NOT NULL
    csr bytea NOT NULL
    CONSTRAINT authorisation_csr_pkey PRIMARY KEY (authorisation_id)
    CONSTRAINT authorisation_csr_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
GRANT INSERT, SELECT ON authorisation_csr TO caconsole_app

CREATE TABLE bank_line
    id uuid NOT NULL
    account_id uuid NOT NULL
    batch_id uuid NOT NULL
    row_no integer NOT NULL
    booked_on date NOT NULL
    booked_at timestamp with time zone
    direction text NOT NULL
    amount_fen bigint NOT NULL
    balance_fen bigint
    kind text NOT NULL
    payer_name text NOT NULL
    payer_norm text NOT NULL
    payer_name_sealed bytea
    payer_account_sealed bytea
    payer_account_index bytea
    payer_account_mask text NOT NULL
    payer_bank text NOT NULL
    text text NOT NULL
    bank_serial text NOT NULL
    line_key bytea NOT NULL
    occurrence integer NOT NULL
    state text NOT NULL
    allocated_fen bigint NOT NULL DEFAULT 0
    decided boolean NOT NULL DEFAULT false
    created_at timestamp with time zone NOT NULL
    CONSTRAINT bank_line_pkey PRIMARY KEY (id)
    CONSTRAINT bank_line_account_id_fkey FOREIGN KEY (account_id) REFERENCES statement_account(id)
    CONSTRAINT bank_line_allocated CHECK (allocated_fen >= 0 AND allocated_fen <= amount_fen)
    CONSTRAINT bank_line_amount CHECK (amount_fen > 0)
    CONSTRAINT bank_line_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES import_batch(id)
    CONSTRAINT bank_line_direction CHECK (direction = ANY (ARRAY['in'::text, 'out'::text]))
    CONSTRAINT bank_line_key CHECK (octet_length(line_key) = 16)
    CONSTRAINT bank_line_kind CHECK (kind = ANY (ARRAY['transfer'::text, 'reversal'::text, 'return'::text, 'fee'::text, 'interest'::text, 'internal'::text]))
    CONSTRAINT bank_line_occurrence CHECK (occurrence >= 1)
    CONSTRAINT bank_line_once UNIQUE (line_key, occurrence)
    CONSTRAINT bank_line_only_in CHECK (direction = 'in'::text OR state = 'aside'::text)
    CONSTRAINT bank_line_payer_account_index CHECK (octet_length(payer_account_index) = 16)
    CONSTRAINT bank_line_payer_account_sealed CHECK (octet_length(payer_account_sealed) >= 34 AND get_byte(payer_account_sealed, 0) = 1)
    CONSTRAINT bank_line_payer_name_sealed CHECK (octet_length(payer_name_sealed) >= 34 AND get_byte(payer_name_sealed, 0) = 1)
    CONSTRAINT bank_line_state CHECK (state = ANY (ARRAY['open'::text, 'allocated'::text, 'aside'::text]))
    CONSTRAINT bank_line_state_allocated CHECK ((state = 'allocated'::text) = (allocated_fen = amount_fen))
CREATE INDEX bank_line_allocated_recent ON public.bank_line USING btree (account_id, booked_on DESC, id DESC) WHERE (state = 'allocated'::text)
CREATE INDEX bank_line_by_amount ON public.bank_line USING btree (amount_fen, booked_on DESC, id DESC) WHERE (state = 'allocated'::text)
CREATE INDEX bank_line_by_name ON public.bank_line USING gin (bigrams(payer_name)) WITH (fastupdate=off) WHERE (state = 'allocated'::text)
CREATE INDEX bank_line_by_payer_account ON public.bank_line USING btree (payer_account_index)
CREATE INDEX bank_line_by_text ON public.bank_line USING gin (bigrams(text)) WITH (fastupdate=off) WHERE (state = 'allocated'::text)
CREATE INDEX bank_line_matched ON public.bank_line USING btree (booked_on DESC, id DESC) WHERE (state = 'allocated'::text)
CREATE INDEX bank_line_of_batch ON public.bank_line USING btree (batch_id, row_no)
CREATE INDEX bank_line_open ON public.bank_line USING btree (account_id, booked_on DESC, id DESC) WHERE (state = 'open'::text)
CREATE INDEX bank_line_open_of_batch ON public.bank_line USING btree (batch_id) WHERE (state = 'open'::text)
CREATE INDEX bank_line_waiting ON public.bank_line USING btree (booked_on DESC, id DESC) WHERE (state = 'open'::text)
GRANT INSERT, SELECT, UPDATE ON bank_line TO caconsole_app
GRANT SELECT ON bank_line TO caconsole_read

CREATE TABLE calendar_day
    day date NOT NULL
    works boolean NOT NULL
    name text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT calendar_day_pkey PRIMARY KEY (day)
    CONSTRAINT calendar_day_name CHECK (length(name) >= 1 AND length(name) <= 40)
GRANT DELETE, INSERT, SELECT, UPDATE ON calendar_day TO caconsole_app
GRANT SELECT ON calendar_day TO caconsole_read

CREATE TABLE casbin_rule
    ptype text NOT NULL
    v0 text NOT NULL
    v1 text NOT NULL
    v2 text NOT NULL DEFAULT ''::text
    CONSTRAINT casbin_rule_pkey PRIMARY KEY (ptype, v0, v1, v2)
    CONSTRAINT casbin_rule_ptype CHECK (ptype = 'p'::text AND v2 <> ''::text OR ptype = 'g'::text AND v2 = ''::text)
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE ON casbin_rule FOR EACH STATEMENT EXECUTE FUNCTION policy_changed()
GRANT DELETE, INSERT, SELECT ON casbin_rule TO caconsole_app
GRANT SELECT ON casbin_rule TO caconsole_read

CREATE TABLE certificate
    id uuid NOT NULL
    pair_id uuid NOT NULL
    kind text NOT NULL
    project_id uuid NOT NULL
    serial text NOT NULL
    medium_no text NOT NULL
    holder text NOT NULL
    org_id_kind text NOT NULL
    org_id_number text NOT NULL
    algorithm text NOT NULL
    not_before timestamp with time zone NOT NULL
    not_after timestamp with time zone NOT NULL
    der bytea NOT NULL
    sm3 bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT certificate_pkey PRIMARY KEY (id)
    CONSTRAINT certificate_algorithm CHECK (algorithm = ANY (ARRAY['sm2'::text, 'rsa'::text, 'other'::text]))
    CONSTRAINT certificate_holder CHECK (length(holder) >= 1 AND length(holder) <= 200)
    CONSTRAINT certificate_kind CHECK (kind = ANY (ARRAY['sign'::text, 'enc'::text]))
    CONSTRAINT certificate_medium_no CHECK (length(medium_no) >= 1 AND length(medium_no) <= 64)
    CONSTRAINT certificate_one_of_kind UNIQUE (pair_id, kind)
    CONSTRAINT certificate_pair_id_fkey FOREIGN KEY (pair_id) REFERENCES certificate_state(pair_id)
    CONSTRAINT certificate_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT certificate_serial CHECK (serial ~ '^([0-9a-f]{2}){1,20}$'::text)
    CONSTRAINT certificate_serial_key UNIQUE (serial)
    CONSTRAINT certificate_sm3 CHECK (octet_length(sm3) = 32)
    CONSTRAINT certificate_sm3_key UNIQUE (sm3)
    CONSTRAINT certificate_validity CHECK (not_before < not_after)
CREATE INDEX certificate_by_medium ON public.certificate USING btree (medium_no)
CREATE INDEX certificate_by_org ON public.certificate USING btree (org_id_number, not_after DESC)
CREATE INDEX certificate_holder ON public.certificate USING gin (bigrams(holder)) WHERE (kind = 'sign'::text)
CREATE INDEX certificate_newest ON public.certificate USING btree (not_after DESC, id DESC) WHERE (kind = 'sign'::text)
GRANT INSERT, SELECT ON certificate TO caconsole_app
GRANT SELECT ON certificate TO caconsole_read

CREATE TABLE certificate_reminder
    pair_id uuid NOT NULL
    days integer NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT certificate_reminder_pkey PRIMARY KEY (pair_id, days)
    CONSTRAINT certificate_reminder_days CHECK (days >= 1 AND days <= 400)
    CONSTRAINT certificate_reminder_pair_id_fkey FOREIGN KEY (pair_id) REFERENCES certificate_state(pair_id)
GRANT INSERT, SELECT ON certificate_reminder TO caconsole_app
GRANT SELECT ON certificate_reminder TO caconsole_read

CREATE TABLE certificate_state
    pair_id uuid NOT NULL
    project_id uuid NOT NULL
    state text NOT NULL
    successor uuid
    created_at timestamp with time zone NOT NULL
    changed_at timestamp with time zone NOT NULL
    not_after timestamp with time zone NOT NULL
    CONSTRAINT certificate_state_pkey PRIMARY KEY (pair_id)
    CONSTRAINT certificate_state_other CHECK (successor <> pair_id)
    CONSTRAINT certificate_state_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT certificate_state_renewed CHECK ((state <> ALL (ARRAY['renewed'::text, 'superseded'::text])) OR successor IS NOT NULL)
    CONSTRAINT certificate_state_state CHECK (state = ANY (ARRAY['active'::text, 'renewed'::text, 'superseded'::text, 'revoked'::text, 'held'::text]))
    CONSTRAINT certificate_state_successor_fkey FOREIGN KEY (successor) REFERENCES certificate_state(pair_id)
    CONSTRAINT certificate_state_successor_key UNIQUE (successor)
CREATE INDEX certificate_state_by_end ON public.certificate_state USING btree (state, not_after, pair_id)
CREATE INDEX certificate_state_of_project ON public.certificate_state USING btree (project_id, state, not_after, pair_id)
GRANT INSERT, SELECT, UPDATE ON certificate_state TO caconsole_app
GRANT SELECT ON certificate_state TO caconsole_read

CREATE TABLE collect_proof
    update_id uuid NOT NULL
    signature bytea NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT collect_proof_pkey PRIMARY KEY (update_id)
    CONSTRAINT collect_proof_update_id_fkey FOREIGN KEY (update_id) REFERENCES update_session(id)
GRANT INSERT, SELECT ON collect_proof TO caconsole_app
GRANT SELECT ON collect_proof TO caconsole_read

CREATE TABLE consent
    id uuid NOT NULL
    applicant_id uuid NOT NULL
    agreement text NOT NULL
    version integer NOT NULL
    given_at timestamp with time zone NOT NULL
    ip text NOT NULL
    withdrawn_at timestamp with time zone
    CONSTRAINT consent_pkey PRIMARY KEY (id)
    CONSTRAINT consent_agreement_known FOREIGN KEY (agreement, version) REFERENCES agreement(code, version)
    CONSTRAINT consent_applicant_id_fkey FOREIGN KEY (applicant_id) REFERENCES applicant(id)
    CONSTRAINT consent_withdrawn_later CHECK (withdrawn_at IS NULL OR withdrawn_at >= given_at)
CREATE UNIQUE INDEX consent_live_once ON public.consent USING btree (applicant_id, agreement, version) WHERE (withdrawn_at IS NULL)
GRANT INSERT, SELECT, UPDATE ON consent TO caconsole_app
GRANT SELECT ON consent TO caconsole_read

CREATE TABLE crl
    authority bytea NOT NULL
    number bigint NOT NULL
    der bytea NOT NULL
    sm3 bytea NOT NULL
    this_update timestamp with time zone NOT NULL
    next_update timestamp with time zone NOT NULL
    entries integer NOT NULL
    signer_seq bigint NOT NULL
    signer_head bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT crl_pkey PRIMARY KEY (authority, number)
    CONSTRAINT crl_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
    CONSTRAINT crl_entries CHECK (entries >= 0)
    CONSTRAINT crl_number CHECK (number > 0)
    CONSTRAINT crl_signer_head CHECK (octet_length(signer_head) = 32)
    CONSTRAINT crl_sm3 CHECK (octet_length(sm3) = 32)
    CONSTRAINT crl_times CHECK (this_update < next_update)
GRANT INSERT, SELECT ON crl TO caconsole_app
GRANT SELECT ON crl TO caconsole_read

CREATE TABLE crl_alarm
    authority bytea NOT NULL
    number bigint NOT NULL
    reason text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT crl_alarm_pkey PRIMARY KEY (authority, number)
    CONSTRAINT crl_alarm_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
GRANT INSERT, SELECT ON crl_alarm TO caconsole_app
GRANT SELECT ON crl_alarm TO caconsole_read

CREATE TABLE document
    id uuid NOT NULL
    order_id uuid NOT NULL
    project_id uuid NOT NULL
    kind text NOT NULL
    version integer NOT NULL
    state text NOT NULL
    returned_reason text NOT NULL DEFAULT ''::text
    form_version integer NOT NULL
    mime text NOT NULL
    pages integer NOT NULL
    size_bytes bigint NOT NULL
    sm3 bytea NOT NULL
    object_key text NOT NULL
    data_key_sealed bytea NOT NULL
    images text NOT NULL
    payer_sealed bytea
    paid_fen bigint
    paid_on date
    created_at timestamp with time zone NOT NULL
    decided_at timestamp with time zone
    CONSTRAINT document_pkey PRIMARY KEY (id)
    CONSTRAINT document_claim CHECK (kind = 'remittance_voucher'::text OR payer_sealed IS NULL AND paid_fen IS NULL AND paid_on IS NULL)
    CONSTRAINT document_data_key_sealed CHECK (octet_length(data_key_sealed) >= 34 AND get_byte(data_key_sealed, 0) = 1)
    CONSTRAINT document_form_version CHECK ((kind = 'application_form'::text) = (form_version > 0))
    CONSTRAINT document_images CHECK (images = ANY (ARRAY['pending'::text, 'ready'::text, 'failed'::text]))
    CONSTRAINT document_kind CHECK (kind = ANY (ARRAY['application_form'::text, 'business_licence'::text, 'remittance_voucher'::text, 'identity_evidence'::text, 'consent_paper'::text, 'grounds_paper'::text]))
    CONSTRAINT document_mime CHECK (mime = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'application/pdf'::text]))
    CONSTRAINT document_number CHECK (version >= 1)
    CONSTRAINT document_object_key UNIQUE (object_key)
    CONSTRAINT document_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT document_pages CHECK (pages >= 1 AND pages <= 20)
    CONSTRAINT document_paid_fen CHECK (paid_fen > 0)
    CONSTRAINT document_payer_sealed CHECK (octet_length(payer_sealed) >= 34 AND get_byte(payer_sealed, 0) = 1)
    CONSTRAINT document_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT document_size CHECK (size_bytes > 0)
    CONSTRAINT document_sm3 CHECK (octet_length(sm3) = 32)
    CONSTRAINT document_state CHECK (state = ANY (ARRAY['uploaded'::text, 'accepted'::text, 'returned'::text, 'superseded'::text]))
    CONSTRAINT document_version_key UNIQUE (order_id, kind, version)
CREATE INDEX document_images_pending ON public.document USING btree (created_at) WHERE (images = 'pending'::text)
CREATE UNIQUE INDEX document_one_current ON public.document USING btree (order_id, kind) WHERE (state <> 'superseded'::text)
GRANT INSERT, SELECT, UPDATE ON document TO caconsole_app
GRANT SELECT (id) ON document TO caconsole_read
GRANT SELECT (order_id) ON document TO caconsole_read
GRANT SELECT (project_id) ON document TO caconsole_read
GRANT SELECT (kind) ON document TO caconsole_read
GRANT SELECT (version) ON document TO caconsole_read
GRANT SELECT (state) ON document TO caconsole_read
GRANT SELECT (returned_reason) ON document TO caconsole_read
GRANT SELECT (form_version) ON document TO caconsole_read
GRANT SELECT (mime) ON document TO caconsole_read
GRANT SELECT (pages) ON document TO caconsole_read
GRANT SELECT (size_bytes) ON document TO caconsole_read
GRANT SELECT (sm3) ON document TO caconsole_read
GRANT SELECT (images) ON document TO caconsole_read
GRANT SELECT (paid_fen) ON document TO caconsole_read
GRANT SELECT (paid_on) ON document TO caconsole_read
GRANT SELECT (created_at) ON document TO caconsole_read
GRANT SELECT (decided_at) ON document TO caconsole_read

CREATE TABLE document_page
    document_id uuid NOT NULL
    page integer NOT NULL
    size text NOT NULL
    width integer NOT NULL
    height integer NOT NULL
    size_bytes bigint NOT NULL
    sm3 bytea NOT NULL
    object_key text NOT NULL
    data_key_sealed bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT document_page_pkey PRIMARY KEY (document_id, page, size)
    CONSTRAINT document_page_data_key_sealed CHECK (octet_length(data_key_sealed) >= 34 AND get_byte(data_key_sealed, 0) = 1)
    CONSTRAINT document_page_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(id)
    CONSTRAINT document_page_number CHECK (page >= 1 AND page <= 20)
    CONSTRAINT document_page_object_key UNIQUE (object_key)
    CONSTRAINT document_page_size CHECK (size = ANY (ARRAY['small'::text, 'large'::text]))
    CONSTRAINT document_page_sm3 CHECK (octet_length(sm3) = 32)
GRANT INSERT, SELECT ON document_page TO caconsole_app
GRANT SELECT (document_id) ON document_page TO caconsole_read
GRANT SELECT (page) ON document_page TO caconsole_read
GRANT SELECT (size) ON document_page TO caconsole_read
GRANT SELECT (width) ON document_page TO caconsole_read
GRANT SELECT (height) ON document_page TO caconsole_read

CREATE TABLE form_version
    id uuid NOT NULL
    order_id uuid NOT NULL
    version integer NOT NULL
    order_no text NOT NULL
    digest bytea NOT NULL
    fields_sealed bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT form_version_pkey PRIMARY KEY (id)
    CONSTRAINT form_version_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT form_version_fields_sealed CHECK (octet_length(fields_sealed) >= 34 AND get_byte(fields_sealed, 0) = 1)
    CONSTRAINT form_version_key UNIQUE (order_id, version)
    CONSTRAINT form_version_number CHECK (version >= 1)
    CONSTRAINT form_version_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
GRANT INSERT, SELECT ON form_version TO caconsole_app
GRANT SELECT (id) ON form_version TO caconsole_read
GRANT SELECT (order_id) ON form_version TO caconsole_read
GRANT SELECT (version) ON form_version TO caconsole_read
GRANT SELECT (order_no) ON form_version TO caconsole_read
GRANT SELECT (digest) ON form_version TO caconsole_read
GRANT SELECT (created_at) ON form_version TO caconsole_read

CREATE TABLE holder_proof
    authorisation_id uuid NOT NULL
    update_id uuid NOT NULL
    signature bytea NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT holder_proof_pkey PRIMARY KEY (authorisation_id)
    CONSTRAINT holder_proof_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
    CONSTRAINT holder_proof_update_id_fkey FOREIGN KEY (update_id) REFERENCES update_session(id)
    CONSTRAINT holder_proof_update_key UNIQUE (update_id)
GRANT INSERT, SELECT ON holder_proof TO caconsole_app
GRANT SELECT ON holder_proof TO caconsole_read

CREATE TABLE idem_key
    principal text NOT NULL
    key text NOT NULL
    digest bytea NOT NULL
    answer jsonb
    created_at timestamp with time zone NOT NULL
    CONSTRAINT idem_key_pkey PRIMARY KEY (principal, key)
    CONSTRAINT idem_key_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT idem_key_key CHECK (octet_length(key) >= 1 AND octet_length(key) <= 200)
    CONSTRAINT idem_key_principal CHECK (octet_length(principal) >= 1 AND octet_length(principal) <= 200)
CREATE INDEX idem_key_age ON public.idem_key USING btree (created_at)
GRANT DELETE, INSERT, SELECT, UPDATE ON idem_key TO caconsole_app

CREATE TABLE identity_attempt
    id uuid NOT NULL
    order_id uuid NOT NULL
    project_id uuid NOT NULL
    number integer NOT NULL
    vendor text NOT NULL
    state text NOT NULL
    name_sealed bytea NOT NULL
    id_sealed bytea NOT NULL
    token_sealed bytea
    token_index bytea
    url_sealed bytea
    threshold_centi integer NOT NULL
    score_centi integer
    live boolean
    compared boolean
    library text NOT NULL DEFAULT ''::text
    vendor_code text NOT NULL DEFAULT ''::text
    reason text NOT NULL DEFAULT ''::text
    warnings jsonb NOT NULL DEFAULT '[]'::jsonb
    result_sealed bytea
    expires_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    finished_at timestamp with time zone
    CONSTRAINT identity_attempt_pkey PRIMARY KEY (id)
    CONSTRAINT identity_attempt_id_sealed CHECK (octet_length(id_sealed) >= 34 AND get_byte(id_sealed, 0) = 1)
    CONSTRAINT identity_attempt_name_sealed CHECK (octet_length(name_sealed) >= 34 AND get_byte(name_sealed, 0) = 1)
    CONSTRAINT identity_attempt_number CHECK (number >= 1)
    CONSTRAINT identity_attempt_once UNIQUE (order_id, number)
    CONSTRAINT identity_attempt_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT identity_attempt_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT identity_attempt_result_sealed CHECK (octet_length(result_sealed) >= 34 AND get_byte(result_sealed, 0) = 1)
    CONSTRAINT identity_attempt_score CHECK (score_centi >= 0 AND score_centi <= 10000)
    CONSTRAINT identity_attempt_state CHECK (state = ANY (ARRAY['begun'::text, 'pending'::text, 'passed'::text, 'failed'::text, 'expired'::text]))
    CONSTRAINT identity_attempt_threshold CHECK (threshold_centi >= 0 AND threshold_centi <= 10000)
    CONSTRAINT identity_attempt_token_index CHECK (octet_length(token_index) = 16)
    CONSTRAINT identity_attempt_token_sealed CHECK (octet_length(token_sealed) >= 34 AND get_byte(token_sealed, 0) = 1)
    CONSTRAINT identity_attempt_url_sealed CHECK (octet_length(url_sealed) >= 34 AND get_byte(url_sealed, 0) = 1)
CREATE INDEX identity_attempt_by_token ON public.identity_attempt USING btree (token_index) WHERE (token_index IS NOT NULL)
CREATE INDEX identity_attempt_open ON public.identity_attempt USING btree (created_at, id) WHERE (state = ANY (ARRAY['begun'::text, 'pending'::text]))
GRANT INSERT, SELECT, UPDATE ON identity_attempt TO caconsole_app
GRANT SELECT (id) ON identity_attempt TO caconsole_read
GRANT SELECT (order_id) ON identity_attempt TO caconsole_read
GRANT SELECT (project_id) ON identity_attempt TO caconsole_read
GRANT SELECT (number) ON identity_attempt TO caconsole_read
GRANT SELECT (vendor) ON identity_attempt TO caconsole_read
GRANT SELECT (state) ON identity_attempt TO caconsole_read
GRANT SELECT (threshold_centi) ON identity_attempt TO caconsole_read
GRANT SELECT (score_centi) ON identity_attempt TO caconsole_read
GRANT SELECT (live) ON identity_attempt TO caconsole_read
GRANT SELECT (compared) ON identity_attempt TO caconsole_read
GRANT SELECT (library) ON identity_attempt TO caconsole_read
GRANT SELECT (vendor_code) ON identity_attempt TO caconsole_read
GRANT SELECT (reason) ON identity_attempt TO caconsole_read
GRANT SELECT (warnings) ON identity_attempt TO caconsole_read
GRANT SELECT (expires_at) ON identity_attempt TO caconsole_read
GRANT SELECT (created_at) ON identity_attempt TO caconsole_read
GRANT SELECT (finished_at) ON identity_attempt TO caconsole_read

CREATE TABLE identity_image
    attempt_id uuid NOT NULL
    which text NOT NULL
    object_key text NOT NULL
    sm3 bytea NOT NULL
    size_bytes bigint NOT NULL
    data_key_sealed bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT identity_image_pkey PRIMARY KEY (attempt_id, which)
    CONSTRAINT identity_image_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES identity_attempt(id)
    CONSTRAINT identity_image_sm3 CHECK (octet_length(sm3) = 32)
    CONSTRAINT identity_image_which CHECK (which = ANY (ARRAY['card_front'::text, 'card_back'::text, 'best_frame'::text]))
GRANT DELETE, INSERT, SELECT, UPDATE ON identity_image TO caconsole_app

CREATE TABLE import_batch
    id uuid NOT NULL
    account_id uuid NOT NULL
    file_name text NOT NULL
    file_key text NOT NULL
    file_sm3 bytea NOT NULL
    file_size bigint NOT NULL
    file_data_key bytea NOT NULL
    container text NOT NULL
    encoding text NOT NULL
    bank text NOT NULL
    variant text NOT NULL
    header_row integer NOT NULL
    rows_total integer NOT NULL
    rows_rejected integer NOT NULL
    rows_new integer NOT NULL DEFAULT 0
    rows_known integer NOT NULL DEFAULT 0
    in_fen bigint NOT NULL
    out_fen bigint NOT NULL
    opening_fen bigint
    closing_fen bigint
    chain_ok boolean
    totals_ok boolean
    first_on date
    last_on date
    state text NOT NULL
    created_by uuid NOT NULL
    created_at timestamp with time zone NOT NULL
    committed_by uuid
    committed_at timestamp with time zone
    CONSTRAINT import_batch_pkey PRIMARY KEY (id)
    CONSTRAINT import_batch_account_id_fkey FOREIGN KEY (account_id) REFERENCES statement_account(id)
    CONSTRAINT import_batch_committed CHECK ((committed_at IS NULL) = (committed_by IS NULL) AND ((state <> ALL (ARRAY['committed'::text, 'reverted'::text])) OR committed_at IS NOT NULL))
    CONSTRAINT import_batch_committed_by_fkey FOREIGN KEY (committed_by) REFERENCES staff(id)
    CONSTRAINT import_batch_counts CHECK (rows_total >= 0 AND rows_rejected >= 0 AND rows_rejected <= rows_total AND (rows_new + rows_known) <= rows_total)
    CONSTRAINT import_batch_created_by_fkey FOREIGN KEY (created_by) REFERENCES staff(id)
    CONSTRAINT import_batch_file_name CHECK (length(file_name) >= 1 AND length(file_name) <= 255)
    CONSTRAINT import_batch_file_once UNIQUE (account_id, file_sm3)
    CONSTRAINT import_batch_file_sm3 CHECK (octet_length(file_sm3) = 32)
    CONSTRAINT import_batch_state CHECK (state = ANY (ARRAY['draft'::text, 'checked'::text, 'committed'::text, 'reverted'::text]))
CREATE INDEX import_batch_of_account ON public.import_batch USING btree (account_id, created_at DESC, id DESC)
CREATE INDEX import_batch_recent ON public.import_batch USING btree (created_at DESC, id DESC)
GRANT INSERT, SELECT, UPDATE ON import_batch TO caconsole_app
GRANT SELECT ON import_batch TO caconsole_read

CREATE TABLE inbox_callback
    id uuid NOT NULL
    source text NOT NULL
    headers jsonb NOT NULL
    body_sealed bytea NOT NULL
    state text NOT NULL DEFAULT 'received'::text
    reason text NOT NULL DEFAULT ''::text
    received_at timestamp with time zone NOT NULL
    settled_at timestamp with time zone
    CONSTRAINT inbox_callback_pkey PRIMARY KEY (id)
    CONSTRAINT inbox_callback_sealed CHECK (octet_length(body_sealed) >= 34 AND get_byte(body_sealed, 0) = 1)
    CONSTRAINT inbox_callback_settled CHECK ((state = ANY (ARRAY['rejected'::text, 'done'::text])) = (settled_at IS NOT NULL))
    CONSTRAINT inbox_callback_state CHECK (state = ANY (ARRAY['received'::text, 'verified'::text, 'rejected'::text, 'done'::text]))
CREATE INDEX inbox_callback_age ON public.inbox_callback USING btree (settled_at) WHERE (settled_at IS NOT NULL)
CREATE INDEX inbox_callback_open ON public.inbox_callback USING btree (received_at) WHERE (state = ANY (ARRAY['received'::text, 'verified'::text]))
CREATE INDEX inbox_callback_source ON public.inbox_callback USING btree (source, received_at)
GRANT DELETE, INSERT, SELECT, UPDATE ON inbox_callback TO caconsole_app

CREATE TABLE invoice
    id uuid NOT NULL
    order_id uuid NOT NULL
    project_id uuid NOT NULL
    kind text NOT NULL
    state text NOT NULL
    serial text NOT NULL
    vendor_serial text NOT NULL DEFAULT ''::text
    number text NOT NULL DEFAULT ''::text
    total_fen bigint NOT NULL
    tax_fen bigint NOT NULL
    net_fen bigint NOT NULL
    tax_percent integer NOT NULL
    goods_code text NOT NULL
    goods_name text NOT NULL
    buyer_kind text NOT NULL
    buyer_title text NOT NULL
    buyer_tax_id text NOT NULL
    buyer_address text NOT NULL
    buyer_bank text NOT NULL
    buyer_account text NOT NULL
    code_sealed bytea NOT NULL
    code_index bytea NOT NULL
    pdf_object_key text
    pdf_sm3 bytea
    pdf_bytes bigint
    pdf_data_key bytea
    attempts integer NOT NULL DEFAULT 0
    last_error text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    issued_at timestamp with time zone
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT invoice_pkey PRIMARY KEY (id)
    CONSTRAINT invoice_code_index CHECK (octet_length(code_index) = 16)
    CONSTRAINT invoice_code_key UNIQUE (code_index)
    CONSTRAINT invoice_code_sealed CHECK (octet_length(code_sealed) >= 34 AND get_byte(code_sealed, 0) = 1)
    CONSTRAINT invoice_issued CHECK (state <> 'issued'::text OR number <> ''::text AND pdf_object_key IS NOT NULL)
    CONSTRAINT invoice_kind CHECK (kind = ANY (ARRAY['blue'::text, 'red'::text]))
    CONSTRAINT invoice_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT invoice_pdf_sm3 CHECK (octet_length(pdf_sm3) = 32)
    CONSTRAINT invoice_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT invoice_red_lettered CHECK (state <> 'red_lettered'::text OR number <> ''::text)
    CONSTRAINT invoice_serial_key UNIQUE (serial)
    CONSTRAINT invoice_state CHECK (state = ANY (ARRAY['requested'::text, 'issuing'::text, 'issued'::text, 'failed'::text, 'cancelled'::text, 'red_lettered'::text]))
    CONSTRAINT invoice_sum CHECK ((net_fen + tax_fen) = total_fen)
    CONSTRAINT invoice_total CHECK (total_fen > 0)
CREATE INDEX invoice_by_name ON public.invoice USING gin (bigrams(buyer_title)) WITH (fastupdate=off)
CREATE INDEX invoice_of_order ON public.invoice USING btree (order_id)
CREATE INDEX invoice_of_project ON public.invoice USING btree (project_id, created_at DESC, id DESC)
CREATE UNIQUE INDEX invoice_one_open ON public.invoice USING btree (order_id, kind) WHERE (state <> ALL (ARRAY['cancelled'::text, 'red_lettered'::text]))
CREATE INDEX invoice_open ON public.invoice USING btree (changed_at, id) WHERE (state = ANY (ARRAY['requested'::text, 'issuing'::text]))
CREATE INDEX invoice_recent ON public.invoice USING btree (created_at DESC, id DESC)
CREATE INDEX invoice_unissued ON public.invoice USING btree (created_at DESC, id DESC) WHERE (state <> ALL (ARRAY['issued'::text, 'cancelled'::text, 'red_lettered'::text]))
GRANT INSERT, SELECT, UPDATE ON invoice TO caconsole_app
GRANT SELECT (id) ON invoice TO caconsole_read
GRANT SELECT (order_id) ON invoice TO caconsole_read
GRANT SELECT (project_id) ON invoice TO caconsole_read
GRANT SELECT (kind) ON invoice TO caconsole_read
GRANT SELECT (state) ON invoice TO caconsole_read
GRANT SELECT (serial) ON invoice TO caconsole_read
GRANT SELECT (vendor_serial) ON invoice TO caconsole_read
GRANT SELECT (number) ON invoice TO caconsole_read
GRANT SELECT (total_fen) ON invoice TO caconsole_read
GRANT SELECT (tax_fen) ON invoice TO caconsole_read
GRANT SELECT (net_fen) ON invoice TO caconsole_read
GRANT SELECT (tax_percent) ON invoice TO caconsole_read
GRANT SELECT (goods_code) ON invoice TO caconsole_read
GRANT SELECT (goods_name) ON invoice TO caconsole_read
GRANT SELECT (buyer_kind) ON invoice TO caconsole_read
GRANT SELECT (buyer_title) ON invoice TO caconsole_read
GRANT SELECT (buyer_tax_id) ON invoice TO caconsole_read
GRANT SELECT (buyer_address) ON invoice TO caconsole_read
GRANT SELECT (buyer_bank) ON invoice TO caconsole_read
GRANT SELECT (buyer_account) ON invoice TO caconsole_read
GRANT SELECT (pdf_sm3) ON invoice TO caconsole_read
GRANT SELECT (pdf_bytes) ON invoice TO caconsole_read
GRANT SELECT (attempts) ON invoice TO caconsole_read
GRANT SELECT (last_error) ON invoice TO caconsole_read
GRANT SELECT (created_at) ON invoice TO caconsole_read
GRANT SELECT (issued_at) ON invoice TO caconsole_read
GRANT SELECT (changed_at) ON invoice TO caconsole_read

CREATE TABLE invoice_buyer
    order_id uuid NOT NULL
    kind text NOT NULL
    title text NOT NULL
    tax_id text NOT NULL
    address text NOT NULL
    phone_sealed bytea
    bank text NOT NULL
    account text NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT invoice_buyer_pkey PRIMARY KEY (order_id)
    CONSTRAINT invoice_buyer_kind CHECK (kind = ANY (ARRAY['general'::text, 'special'::text]))
    CONSTRAINT invoice_buyer_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT invoice_buyer_phone_sealed CHECK (octet_length(phone_sealed) >= 34 AND get_byte(phone_sealed, 0) = 1)
    CONSTRAINT invoice_buyer_title CHECK (length(title) >= 1 AND length(title) <= 100)
GRANT INSERT, SELECT, UPDATE ON invoice_buyer TO caconsole_app
GRANT SELECT (order_id) ON invoice_buyer TO caconsole_read
GRANT SELECT (kind) ON invoice_buyer TO caconsole_read
GRANT SELECT (title) ON invoice_buyer TO caconsole_read
GRANT SELECT (tax_id) ON invoice_buyer TO caconsole_read
GRANT SELECT (address) ON invoice_buyer TO caconsole_read
GRANT SELECT (bank) ON invoice_buyer TO caconsole_read
GRANT SELECT (account) ON invoice_buyer TO caconsole_read
GRANT SELECT (updated_at) ON invoice_buyer TO caconsole_read

CREATE TABLE issuance_request
    id uuid NOT NULL
    order_id uuid NOT NULL
    authorisation_id uuid NOT NULL
    canonical bytea NOT NULL
    digest bytea NOT NULL
    sign_serial text NOT NULL
    enc_serial text NOT NULL
    state text NOT NULL
    reason text NOT NULL DEFAULT ''::text
    new_pair_id uuid
    signer_seq bigint
    signer_head bytea
    created_at timestamp with time zone NOT NULL
    changed_at timestamp with time zone NOT NULL
    update_id uuid
    CONSTRAINT issuance_request_pkey PRIMARY KEY (id)
    CONSTRAINT issuance_request_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
    CONSTRAINT issuance_request_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT issuance_request_enc_serial_key UNIQUE (enc_serial)
    CONSTRAINT issuance_request_new_pair_id_fkey FOREIGN KEY (new_pair_id) REFERENCES certificate_state(pair_id)
    CONSTRAINT issuance_request_new_pair_key UNIQUE (new_pair_id)
    CONSTRAINT issuance_request_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT issuance_request_recorded CHECK ((state = 'recorded'::text) = (new_pair_id IS NOT NULL AND signer_head IS NOT NULL))
    CONSTRAINT issuance_request_serials CHECK (sign_serial <> enc_serial)
    CONSTRAINT issuance_request_sign_serial_key UNIQUE (sign_serial)
    CONSTRAINT issuance_request_signer_head CHECK (octet_length(signer_head) = 32)
    CONSTRAINT issuance_request_state CHECK (state = ANY (ARRAY['reserved'::text, 'recorded'::text, 'closed'::text]))
    CONSTRAINT issuance_request_update_id_fkey FOREIGN KEY (update_id) REFERENCES update_session(id)
CREATE INDEX issuance_request_by_seq ON public.issuance_request USING btree (signer_seq) WHERE (signer_seq IS NOT NULL)
CREATE INDEX issuance_request_hanging ON public.issuance_request USING btree (created_at, id) WHERE (state = 'reserved'::text)
CREATE INDEX issuance_request_of_order ON public.issuance_request USING btree (order_id, created_at DESC)
CREATE UNIQUE INDEX issuance_request_one_live ON public.issuance_request USING btree (authorisation_id) WHERE (state <> 'closed'::text)
GRANT INSERT, SELECT, UPDATE ON issuance_request TO caconsole_app
GRANT SELECT ON issuance_request TO caconsole_read

CREATE TABLE issuing_authority
    sm3 bytea NOT NULL
    ca_der bytea NOT NULL
    root_der bytea NOT NULL
    profile bytea NOT NULL
    software_keys boolean NOT NULL
    not_after timestamp with time zone NOT NULL
    current boolean NOT NULL
    created_at timestamp with time zone NOT NULL
    sm2_only boolean NOT NULL DEFAULT false
    rp_id text NOT NULL DEFAULT ''::text
    rp_origins text NOT NULL DEFAULT ''::text
    CONSTRAINT issuing_authority_pkey PRIMARY KEY (sm3)
    CONSTRAINT issuing_authority_sm3 CHECK (octet_length(sm3) = 32)
CREATE UNIQUE INDEX issuing_authority_one_current ON public.issuing_authority USING btree (current) WHERE current
GRANT INSERT, SELECT, UPDATE ON issuing_authority TO caconsole_app
GRANT SELECT ON issuing_authority TO caconsole_read

CREATE TABLE journal_check
    id uuid NOT NULL
    authority bytea NOT NULL
    phase text NOT NULL
    next_seq bigint NOT NULL
    last_pair uuid NOT NULL
    counts text NOT NULL
    started_at timestamp with time zone NOT NULL
    moved_at timestamp with time zone NOT NULL
    ended_at timestamp with time zone
    CONSTRAINT journal_check_pkey PRIMARY KEY (id)
    CONSTRAINT journal_check_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
    CONSTRAINT journal_check_end CHECK ((phase = 'done'::text) = (ended_at IS NOT NULL))
    CONSTRAINT journal_check_phase CHECK (phase = ANY (ARRAY['journal'::text, 'pairs'::text, 'lists'::text, 'done'::text]))
CREATE INDEX journal_check_newest ON public.journal_check USING btree (started_at DESC)
CREATE UNIQUE INDEX journal_check_one_open ON public.journal_check USING btree ((true)) WHERE (ended_at IS NULL)
GRANT INSERT, SELECT ON journal_check TO caconsole_app
GRANT SELECT ON journal_check TO caconsole_read
GRANT UPDATE (phase) ON journal_check TO caconsole_app
GRANT UPDATE (next_seq) ON journal_check TO caconsole_app
GRANT UPDATE (last_pair) ON journal_check TO caconsole_app
GRANT UPDATE (counts) ON journal_check TO caconsole_app
GRANT UPDATE (moved_at) ON journal_check TO caconsole_app
GRANT UPDATE (ended_at) ON journal_check TO caconsole_app

CREATE TABLE journal_finding
    authority bytea NOT NULL
    kind text NOT NULL
    subject text NOT NULL
    detail text NOT NULL
    found_at timestamp with time zone NOT NULL
    seen_at timestamp with time zone NOT NULL
    cleared_at timestamp with time zone
    CONSTRAINT journal_finding_pkey PRIMARY KEY (authority, kind, subject)
    CONSTRAINT journal_finding_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
CREATE INDEX journal_finding_open ON public.journal_finding USING btree (found_at) WHERE (cleared_at IS NULL)
GRANT INSERT, SELECT ON journal_finding TO caconsole_app
GRANT SELECT ON journal_finding TO caconsole_read
GRANT UPDATE (detail) ON journal_finding TO caconsole_app
GRANT UPDATE (found_at) ON journal_finding TO caconsole_app
GRANT UPDATE (seen_at) ON journal_finding TO caconsole_app
GRANT UPDATE (cleared_at) ON journal_finding TO caconsole_app

CREATE TABLE key_answer
    request_id uuid NOT NULL
    evidence bytea NOT NULL
    sent bytea NOT NULL
    received bytea NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT key_answer_pkey PRIMARY KEY (request_id)
    CONSTRAINT key_answer_request_id_fkey FOREIGN KEY (request_id) REFERENCES key_application(request_id)
GRANT INSERT, SELECT ON key_answer TO caconsole_app

CREATE TABLE key_application
    request_id uuid NOT NULL
    order_id uuid NOT NULL
    sign_key bytea NOT NULL
    user_id text NOT NULL
    not_before timestamp with time zone NOT NULL
    not_after timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    authorisation_id uuid NOT NULL
    update_id uuid
    reason text NOT NULL DEFAULT ''::text
    CONSTRAINT key_application_pkey PRIMARY KEY (request_id)
    CONSTRAINT key_application_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
    CONSTRAINT key_application_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT key_application_update_id_fkey FOREIGN KEY (update_id) REFERENCES update_session(id)
    CONSTRAINT key_application_user CHECK (user_id <> ''::text)
    CONSTRAINT key_application_validity CHECK (not_after > not_before)
CREATE INDEX key_application_of_order ON public.key_application USING btree (order_id, created_at DESC)
CREATE INDEX key_application_open ON public.key_application USING btree (created_at) WHERE (reason = ''::text)
GRANT INSERT, SELECT ON key_application TO caconsole_app
GRANT SELECT ON key_application TO caconsole_read
GRANT UPDATE (reason) ON key_application TO caconsole_app

CREATE TABLE login_code
    phone_index bytea NOT NULL
    code_mac bytea NOT NULL
    tries_left smallint NOT NULL
    expires_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT login_code_pkey PRIMARY KEY (phone_index)
    CONSTRAINT login_code_mac_form CHECK (octet_length(code_mac) = 16)
    CONSTRAINT login_code_phone_index_form CHECK (octet_length(phone_index) = 16)
    CONSTRAINT login_code_tries_range CHECK (tries_left >= 0 AND tries_left <= 5)
GRANT DELETE, INSERT, SELECT, UPDATE ON login_code TO caconsole_app

CREATE TABLE manual_order
    id uuid NOT NULL
    order_id uuid NOT NULL
    version integer NOT NULL
    written_by uuid NOT NULL
    grounds text NOT NULL
    identified text NOT NULL
    consent text NOT NULL
    waiver text NOT NULL
    texts_sealed bytea NOT NULL
    csr bytea
    digest bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT manual_order_pkey PRIMARY KEY (id)
    CONSTRAINT manual_order_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT manual_order_number CHECK (version >= 1)
    CONSTRAINT manual_order_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT manual_order_texts_sealed CHECK (octet_length(texts_sealed) >= 34 AND get_byte(texts_sealed, 0) = 1)
    CONSTRAINT manual_order_version UNIQUE (order_id, version)
    CONSTRAINT manual_order_written_by_fkey FOREIGN KEY (written_by) REFERENCES staff(id)
GRANT INSERT, SELECT ON manual_order TO caconsole_app
GRANT SELECT (id) ON manual_order TO caconsole_read
GRANT SELECT (order_id) ON manual_order TO caconsole_read
GRANT SELECT (version) ON manual_order TO caconsole_read
GRANT SELECT (written_by) ON manual_order TO caconsole_read
GRANT SELECT (grounds) ON manual_order TO caconsole_read
GRANT SELECT (identified) ON manual_order TO caconsole_read
GRANT SELECT (consent) ON manual_order TO caconsole_read
GRANT SELECT (waiver) ON manual_order TO caconsole_read
GRANT SELECT (created_at) ON manual_order TO caconsole_read

CREATE TABLE manual_return
    id uuid NOT NULL
    order_id uuid NOT NULL
    version integer NOT NULL
    staff_id uuid NOT NULL
    reason_sealed bytea NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT manual_return_pkey PRIMARY KEY (id)
    CONSTRAINT manual_return_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT manual_return_reason_sealed CHECK (octet_length(reason_sealed) >= 34 AND get_byte(reason_sealed, 0) = 1)
    CONSTRAINT manual_return_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX manual_return_of_order ON public.manual_return USING btree (order_id, at DESC)
GRANT INSERT, SELECT ON manual_return TO caconsole_app

CREATE TABLE match_proposal
    line_id uuid NOT NULL
    receivable_id uuid NOT NULL
    project_id uuid NOT NULL
    amount_fen bigint NOT NULL
    auto boolean NOT NULL
    score integer NOT NULL
    reasons jsonb NOT NULL
    rule_version text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT match_proposal_pkey PRIMARY KEY (line_id, receivable_id)
    CONSTRAINT match_proposal_amount CHECK (amount_fen > 0)
    CONSTRAINT match_proposal_line_id_fkey FOREIGN KEY (line_id) REFERENCES bank_line(id)
    CONSTRAINT match_proposal_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT match_proposal_reasons CHECK (jsonb_typeof(reasons) = 'array'::text)
    CONSTRAINT match_proposal_receivable_id_fkey FOREIGN KEY (receivable_id) REFERENCES receivable(id)
CREATE INDEX match_proposal_of_project ON public.match_proposal USING btree (project_id)
CREATE INDEX match_proposal_of_receivable ON public.match_proposal USING btree (receivable_id)
GRANT DELETE, INSERT, SELECT, UPDATE ON match_proposal TO caconsole_app
GRANT SELECT ON match_proposal TO caconsole_read

CREATE TABLE message
    id uuid NOT NULL
    order_id uuid
    template text NOT NULL
    channel text NOT NULL
    to_sealed bytea NOT NULL
    to_mask text NOT NULL
    args_sealed bytea NOT NULL
    dedupe_key text NOT NULL
    version integer NOT NULL
    state text NOT NULL
    provider_id text NOT NULL DEFAULT ''::text
    attempts integer NOT NULL DEFAULT 0
    last_error text NOT NULL DEFAULT ''::text
    not_before timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    sent_at timestamp with time zone
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT message_pkey PRIMARY KEY (id)
    CONSTRAINT message_args_sealed CHECK (octet_length(args_sealed) >= 34 AND get_byte(args_sealed, 0) = 1)
    CONSTRAINT message_channel CHECK (channel = ANY (ARRAY['sms'::text, 'mail'::text]))
    CONSTRAINT message_once UNIQUE (dedupe_key, channel, version)
    CONSTRAINT message_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT message_state CHECK (state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'delivered'::text, 'failed'::text, 'unknown'::text]))
    CONSTRAINT message_to_sealed CHECK (octet_length(to_sealed) >= 34 AND get_byte(to_sealed, 0) = 1)
    CONSTRAINT message_version CHECK (version >= 1)
CREATE INDEX message_by_provider ON public.message USING btree (provider_id) WHERE (provider_id <> ''::text)
CREATE INDEX message_of_order ON public.message USING btree (order_id, created_at DESC)
CREATE INDEX message_open ON public.message USING btree (not_before, id) WHERE (state = ANY (ARRAY['queued'::text, 'sending'::text]))
CREATE INDEX message_resent ON public.message USING btree (dedupe_key, channel, version) WHERE (version > 1)
CREATE INDEX message_undelivered ON public.message USING btree (order_id) INCLUDE (dedupe_key, channel, version) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text]))
GRANT INSERT, SELECT, UPDATE ON message TO caconsole_app
GRANT SELECT (id) ON message TO caconsole_read
GRANT SELECT (order_id) ON message TO caconsole_read
GRANT SELECT (template) ON message TO caconsole_read
GRANT SELECT (channel) ON message TO caconsole_read
GRANT SELECT (to_mask) ON message TO caconsole_read
GRANT SELECT (dedupe_key) ON message TO caconsole_read
GRANT SELECT (version) ON message TO caconsole_read
GRANT SELECT (state) ON message TO caconsole_read
GRANT SELECT (provider_id) ON message TO caconsole_read
GRANT SELECT (attempts) ON message TO caconsole_read
GRANT SELECT (last_error) ON message TO caconsole_read
GRANT SELECT (not_before) ON message TO caconsole_read
GRANT SELECT (created_at) ON message TO caconsole_read
GRANT SELECT (sent_at) ON message TO caconsole_read
GRANT SELECT (changed_at) ON message TO caconsole_read

CREATE TABLE online_payment
    intent_id uuid NOT NULL
    order_id uuid NOT NULL
    method text NOT NULL
    transaction_id text NOT NULL
    amount_fen bigint NOT NULL
    currency text NOT NULL
    paid_at timestamp with time zone NOT NULL
    learned_by text NOT NULL
    suspense text NOT NULL DEFAULT ''::text
    refunded_fen bigint NOT NULL DEFAULT 0
    created_at timestamp with time zone NOT NULL
    CONSTRAINT online_payment_pkey PRIMARY KEY (intent_id)
    CONSTRAINT online_payment_amount CHECK (amount_fen > 0)
    CONSTRAINT online_payment_intent_id_fkey FOREIGN KEY (intent_id) REFERENCES payment_intent(id)
    CONSTRAINT online_payment_learned_by CHECK (learned_by = ANY (ARRAY['notice'::text, 'query'::text]))
    CONSTRAINT online_payment_method CHECK (method = ANY (ARRAY['wechat'::text, 'alipay'::text]))
    CONSTRAINT online_payment_once UNIQUE (method, transaction_id)
    CONSTRAINT online_payment_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT online_payment_refunded CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen)
    CONSTRAINT online_payment_suspense CHECK (suspense = ANY (ARRAY[''::text, 'paid_late'::text, 'paid_twice'::text, 'years_changed'::text, 'wrong_amount'::text]))
    CONSTRAINT online_payment_transaction_id CHECK (transaction_id <> ''::text)
CREATE INDEX online_payment_in_suspense ON public.online_payment USING btree (created_at DESC, intent_id DESC) WHERE (suspense <> ''::text)
CREATE INDEX online_payment_of_order ON public.online_payment USING btree (order_id)
GRANT INSERT, SELECT, UPDATE ON online_payment TO caconsole_app
GRANT SELECT ON online_payment TO caconsole_read

CREATE TABLE order_duty
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    duty text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT order_duty_one PRIMARY KEY (order_id, staff_id)
    CONSTRAINT order_duty_duty CHECK (duty = ANY (ARRAY['review'::text, 'second_review'::text, 'match'::text, 'issue'::text, 'issue_check'::text]))
    CONSTRAINT order_duty_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT order_duty_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT INSERT, SELECT ON order_duty TO caconsole_app
GRANT SELECT ON order_duty TO caconsole_read

CREATE TABLE order_event
    id bigint NOT NULL GENERATED AS IDENTITY
    order_id uuid NOT NULL
    at timestamp with time zone NOT NULL
    gate text NOT NULL
    from_state text NOT NULL
    to_state text NOT NULL
    actor_kind text NOT NULL
    actor_id uuid
    act text NOT NULL
    CONSTRAINT order_event_pkey PRIMARY KEY (id)
    CONSTRAINT order_event_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
CREATE INDEX order_event_of_order ON public.order_event USING btree (order_id, id)
GRANT INSERT, SELECT ON order_event TO caconsole_app
GRANT SELECT ON order_event TO caconsole_read

CREATE TABLE order_nudge
    order_id uuid NOT NULL
    kind text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT order_nudge_pkey PRIMARY KEY (order_id, kind)
    CONSTRAINT order_nudge_kind CHECK (kind = ANY (ARRAY['unpaid'::text, 'transfer'::text, 'difference'::text, 'overdue'::text, 'update_1'::text, 'update_3'::text, 'update_7'::text, 'called'::text]))
    CONSTRAINT order_nudge_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
GRANT DELETE, INSERT, SELECT ON order_nudge TO caconsole_app
GRANT SELECT ON order_nudge TO caconsole_read

CREATE TABLE order_unblocked
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    reason text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT order_unblocked_pkey PRIMARY KEY (order_id)
    CONSTRAINT order_unblocked_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT order_unblocked_reason CHECK (length(reason) >= 1 AND length(reason) <= 500)
    CONSTRAINT order_unblocked_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT INSERT, SELECT ON order_unblocked TO caconsole_app
GRANT SELECT ON order_unblocked TO caconsole_read

CREATE TABLE orders
    id uuid NOT NULL
    no text NOT NULL
    project_id uuid NOT NULL
    kind text NOT NULL
    path text NOT NULL
    applicant_id uuid
    old_pair_id uuid NOT NULL
    cert_serial text NOT NULL
    medium_no text NOT NULL
    cert_type text NOT NULL
    years integer NOT NULL
    amount_fen bigint NOT NULL
    holder text NOT NULL
    org_id_kind text NOT NULL
    org_id_number text NOT NULL
    org_id_flag text NOT NULL DEFAULT ''::text
    agent_name_sealed bytea NOT NULL
    agent_name_index bytea NOT NULL
    agent_name_mask text NOT NULL
    agent_id_sealed bytea NOT NULL
    agent_id_index bytea NOT NULL
    agent_id_mask text NOT NULL
    agent_phone_sealed bytea NOT NULL
    agent_phone_index bytea NOT NULL
    agent_phone_mask text NOT NULL
    agent_email_sealed bytea NOT NULL
    agent_email_mask text NOT NULL
    legal_name_sealed bytea
    legal_name_mask text NOT NULL DEFAULT ''::text
    legal_id_sealed bytea
    legal_id_mask text NOT NULL DEFAULT ''::text
    consent text NOT NULL
    documents text NOT NULL
    identity text NOT NULL
    telecom text NOT NULL
    payment text NOT NULL
    payment_method text NOT NULL DEFAULT ''::text
    review text NOT NULL
    authorisation text NOT NULL
    issuance text NOT NULL
    delivery text NOT NULL
    invoice text NOT NULL
    content_version integer NOT NULL
    stage text NOT NULL
    stage_since timestamp with time zone NOT NULL
    review_due_at timestamp with time zone
    submitted_at timestamp with time zone
    closed_reason text NOT NULL DEFAULT ''::text
    closed_at timestamp with time zone
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    old_not_after timestamp with time zone
    kept_fen bigint NOT NULL DEFAULT 0
    CONSTRAINT orders_pkey PRIMARY KEY (id)
    CONSTRAINT orders_agent_email_sealed CHECK (octet_length(agent_email_sealed) >= 34 AND get_byte(agent_email_sealed, 0) = 1)
    CONSTRAINT orders_agent_id_index CHECK (octet_length(agent_id_index) = 16)
    CONSTRAINT orders_agent_id_sealed CHECK (octet_length(agent_id_sealed) >= 34 AND get_byte(agent_id_sealed, 0) = 1)
    CONSTRAINT orders_agent_name_index CHECK (octet_length(agent_name_index) = 16)
    CONSTRAINT orders_agent_name_sealed CHECK (octet_length(agent_name_sealed) >= 34 AND get_byte(agent_name_sealed, 0) = 1)
    CONSTRAINT orders_agent_phone_index CHECK (octet_length(agent_phone_index) = 16)
    CONSTRAINT orders_agent_phone_sealed CHECK (octet_length(agent_phone_sealed) >= 34 AND get_byte(agent_phone_sealed, 0) = 1)
    CONSTRAINT orders_amount CHECK (amount_fen >= 0)
    CONSTRAINT orders_authorisation CHECK (authorisation = ANY (ARRAY['none'::text, 'authorised'::text, 'void'::text]))
    CONSTRAINT orders_closed CHECK ((closed_reason = ''::text) = (closed_at IS NULL))
    CONSTRAINT orders_closed_reason CHECK (closed_reason = ANY (ARRAY[''::text, 'unpaid'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'revoked'::text]))
    CONSTRAINT orders_consent CHECK (consent = ANY (ARRAY['none'::text, 'given'::text, 'withdrawn'::text]))
    CONSTRAINT orders_content_version CHECK (content_version >= 1)
    CONSTRAINT orders_delivery CHECK (delivery = ANY (ARRAY['none'::text, 'offered'::text, 'importing'::text, 'confirmed'::text]))
    CONSTRAINT orders_documents CHECK (documents = ANY (ARRAY['missing'::text, 'uploaded'::text, 'accepted'::text, 'returned'::text]))
    CONSTRAINT orders_holder CHECK (length(holder) >= 1 AND length(holder) <= 200)
    CONSTRAINT orders_identity CHECK (identity = ANY (ARRAY['none'::text, 'pending'::text, 'passed'::text, 'failed'::text, 'expired'::text]))
    CONSTRAINT orders_invoice CHECK (invoice = ANY (ARRAY['none'::text, 'requested'::text, 'issued'::text, 'dispatched'::text, 'red_lettered'::text]))
    CONSTRAINT orders_issuance CHECK (issuance = ANY (ARRAY['none'::text, 'reserved'::text, 'signed'::text, 'recorded'::text, 'failed'::text]))
    CONSTRAINT orders_issue_needs_gates CHECK (issuance = 'none'::text OR issuance = 'failed'::text OR authorisation = 'authorised'::text AND (payment = ANY (ARRAY['settled'::text, 'waived'::text, 'refunding'::text, 'refunded'::text])))
    CONSTRAINT orders_kept CHECK (kept_fen >= 0)
    CONSTRAINT orders_kind CHECK (kind = ANY (ARRAY['renewal'::text, 'manual'::text]))
    CONSTRAINT orders_kind_path CHECK ((kind = 'manual'::text) = (path = 'manual'::text))
    CONSTRAINT orders_legal_id_sealed CHECK (octet_length(legal_id_sealed) >= 34 AND get_byte(legal_id_sealed, 0) = 1)
    CONSTRAINT orders_legal_name_sealed CHECK (octet_length(legal_name_sealed) >= 34 AND get_byte(legal_name_sealed, 0) = 1)
    CONSTRAINT orders_money_adds_up TRIGGER DEFERRABLE INITIALLY DEFERRED
    CONSTRAINT orders_no_key UNIQUE (no)
    CONSTRAINT orders_path CHECK (path = ANY (ARRAY['online'::text, 'reviewed'::text, 'manual'::text]))
    CONSTRAINT orders_payment CHECK (payment = ANY (ARRAY['none'::text, 'awaiting'::text, 'settled'::text, 'refunding'::text, 'refunded'::text, 'waived'::text]))
    CONSTRAINT orders_payment_method CHECK (payment_method = ANY (ARRAY[''::text, 'transfer'::text, 'wechat'::text, 'alipay'::text]))
    CONSTRAINT orders_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT orders_review CHECK (review = ANY (ARRAY['none'::text, 'queued'::text, 'claimed'::text, 'approved'::text, 'returned'::text, 'rejected'::text]))
    CONSTRAINT orders_telecom CHECK (telecom = ANY (ARRAY['none'::text, 'match'::text, 'mismatch'::text, 'unknown'::text]))
    CONSTRAINT orders_waived CHECK (payment <> 'waived'::text OR path = 'manual'::text)
    CONSTRAINT orders_years CHECK (years >= 1 AND years <= 10)
CREATE INDEX orders_by_agent_id ON public.orders USING btree (agent_id_index, created_at DESC)
CREATE INDEX orders_by_agent_phone ON public.orders USING btree (agent_phone_index, created_at DESC)
CREATE INDEX orders_by_applicant ON public.orders USING btree (applicant_id, created_at DESC)
CREATE INDEX orders_by_medium ON public.orders USING btree (medium_no, created_at DESC)
CREATE INDEX orders_by_name ON public.orders USING gin (bigrams(holder)) WITH (fastupdate=off)
CREATE INDEX orders_by_old_pair ON public.orders USING btree (old_pair_id)
CREATE INDEX orders_by_org ON public.orders USING btree (org_id_number, created_at DESC)
CREATE INDEX orders_by_serial ON public.orders USING btree (cert_serial)
CREATE INDEX orders_by_stage ON public.orders USING btree (stage, stage_since DESC, id DESC)
CREATE INDEX orders_difference ON public.orders USING btree (project_id, stage_since) WHERE ((payment = 'awaiting'::text) AND (kept_fen > 0))
CREATE INDEX orders_expiring ON public.orders USING btree (old_not_after, id) WHERE ((path = 'online'::text) AND (closed_at IS NULL) AND (issuance = ANY (ARRAY['none'::text, 'failed'::text])) AND (payment <> ALL (ARRAY['refunding'::text, 'refunded'::text])))
CREATE INDEX orders_in_work ON public.orders USING btree (stage_since, id) WHERE (stage = ANY (ARRAY['review'::text, 'second_review'::text, 'transfer'::text, 'returned'::text]))
CREATE INDEX orders_manual ON public.orders USING btree (stage_since, id) WHERE ((kind = 'manual'::text) AND (closed_at IS NULL) AND (issuance = ANY (ARRAY['none'::text, 'failed'::text])))
CREATE INDEX orders_of_project ON public.orders USING btree (project_id, created_at DESC, id DESC)
CREATE INDEX orders_of_stage ON public.orders USING btree (stage, created_at DESC, id DESC)
CREATE UNIQUE INDEX orders_one_open ON public.orders USING btree (old_pair_id) WHERE ((closed_at IS NULL) AND (delivery <> 'confirmed'::text))
CREATE INDEX orders_recent ON public.orders USING btree (created_at DESC, id DESC)
CREATE INDEX orders_refunded_not_red ON public.orders USING btree (project_id) WHERE ((payment = 'refunded'::text) AND (invoice = ANY (ARRAY['requested'::text, 'issued'::text, 'dispatched'::text])))
CREATE INDEX orders_review_queue ON public.orders USING btree (review_due_at, id) WHERE (stage = ANY (ARRAY['review'::text, 'second_review'::text]))
CREATE INDEX orders_signed_unpaid ON public.orders USING btree (id) WHERE ((issuance = ANY (ARRAY['signed'::text, 'recorded'::text])) AND (payment <> ALL (ARRAY['settled'::text, 'waived'::text, 'refunding'::text, 'refunded'::text])))
CREATE INDEX orders_to_issue ON public.orders USING btree (stage_since, id) INCLUDE (issuance) WHERE (stage = 'to_issue'::text)
CREATE INDEX orders_to_review ON public.orders USING btree (review_due_at, id) WHERE ((stage = 'review'::text) AND (review = 'queued'::text))
CREATE INDEX orders_without_telecom ON public.orders USING btree (created_at) WHERE ((telecom = 'none'::text) AND (path = 'reviewed'::text) AND (closed_at IS NULL))
CREATE CONSTRAINT TRIGGER orders_money_adds_up AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.payment IS DISTINCT FROM new.payment OR old.amount_fen IS DISTINCT FROM new.amount_fen OR old.kept_fen IS DISTINCT FROM new.kept_fen) EXECUTE FUNCTION orders_money_adds_up()
GRANT INSERT, SELECT, UPDATE ON orders TO caconsole_app
GRANT SELECT ON orders TO caconsole_read

CREATE TABLE payment_intent
    id uuid NOT NULL
    order_id uuid NOT NULL
    method text NOT NULL
    amount_fen bigint NOT NULL
    own_no text NOT NULL
    state text NOT NULL
    account_no text NOT NULL DEFAULT ''::text
    account_bank text NOT NULL DEFAULT ''::text
    account_name text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    settled_at timestamp with time zone
    closed_at timestamp with time zone
    code_url text NOT NULL DEFAULT ''::text
    expires_at timestamp with time zone
    ask_at timestamp with time zone
    refunded_fen bigint NOT NULL DEFAULT 0
    CONSTRAINT payment_intent_pkey PRIMARY KEY (id)
    CONSTRAINT payment_intent_amount CHECK (amount_fen > 0)
    CONSTRAINT payment_intent_asked CHECK (ask_at IS NULL OR method <> 'transfer'::text)
    CONSTRAINT payment_intent_method CHECK (method = ANY (ARRAY['transfer'::text, 'wechat'::text, 'alipay'::text]))
    CONSTRAINT payment_intent_online CHECK ((method = 'transfer'::text) = (expires_at IS NULL))
    CONSTRAINT payment_intent_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT payment_intent_own_no UNIQUE (own_no)
    CONSTRAINT payment_intent_refunded CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen)
    CONSTRAINT payment_intent_state CHECK (state = ANY (ARRAY['awaiting'::text, 'settled'::text, 'closed'::text]))
    CONSTRAINT payment_intent_times CHECK ((state = 'settled'::text) = (settled_at IS NOT NULL) AND (state = 'closed'::text) = (closed_at IS NOT NULL))
    CONSTRAINT payment_intent_transfer CHECK (method <> 'transfer'::text OR account_no <> ''::text AND account_bank <> ''::text AND account_name <> ''::text)
CREATE INDEX payment_intent_awaiting ON public.payment_intent USING btree (created_at, id) WHERE (state = 'awaiting'::text)
CREATE INDEX payment_intent_of_order ON public.payment_intent USING btree (order_id)
CREATE UNIQUE INDEX payment_intent_one_live ON public.payment_intent USING btree (order_id) WHERE (state = 'awaiting'::text)
CREATE INDEX payment_intent_to_ask ON public.payment_intent USING btree (ask_at) WHERE (ask_at IS NOT NULL)
GRANT INSERT, SELECT, UPDATE ON payment_intent TO caconsole_app
GRANT SELECT ON payment_intent TO caconsole_read

CREATE TABLE payment_refund
    id uuid NOT NULL
    order_id uuid NOT NULL
    intent_id uuid NOT NULL
    method text NOT NULL
    own_no text NOT NULL
    amount_fen bigint NOT NULL
    reason text NOT NULL
    state text NOT NULL
    vendor_no text NOT NULL DEFAULT ''::text
    failure text NOT NULL DEFAULT ''::text
    ask_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    done_at timestamp with time zone
    CONSTRAINT payment_refund_pkey PRIMARY KEY (id)
    CONSTRAINT payment_refund_amount CHECK (amount_fen > 0)
    CONSTRAINT payment_refund_done CHECK ((state = 'done'::text) = (done_at IS NOT NULL))
    CONSTRAINT payment_refund_intent_id_fkey FOREIGN KEY (intent_id) REFERENCES payment_intent(id)
    CONSTRAINT payment_refund_method CHECK (method = ANY (ARRAY['transfer'::text, 'wechat'::text, 'alipay'::text]))
    CONSTRAINT payment_refund_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT payment_refund_own_no UNIQUE (own_no)
    CONSTRAINT payment_refund_reason CHECK (reason = ANY (ARRAY['withdrawn'::text, 'rejected'::text, 'consent_withdrawn'::text, 'revoked'::text, 'paid_twice'::text, 'paid_late'::text, 'years_changed'::text, 'wrong_amount'::text]))
    CONSTRAINT payment_refund_state CHECK (state = ANY (ARRAY['waiting_invoice'::text, 'due'::text, 'sent'::text, 'done'::text, 'failed'::text, 'requested'::text]))
    CONSTRAINT payment_refund_way CHECK (
CASE
    WHEN method = 'transfer'::text THEN state <> ALL (ARRAY['due'::text, 'sent'::text, 'failed'::text])
    ELSE state <> 'requested'::text
END)
CREATE INDEX payment_refund_newest ON public.payment_refund USING btree (created_at DESC, id DESC)
CREATE INDEX payment_refund_of_order ON public.payment_refund USING btree (order_id)
CREATE UNIQUE INDEX payment_refund_once ON public.payment_refund USING btree (intent_id) WHERE (reason <> 'years_changed'::text)
CREATE INDEX payment_refund_open ON public.payment_refund USING btree (ask_at) WHERE (state = ANY (ARRAY['due'::text, 'sent'::text]))
GRANT INSERT, SELECT, UPDATE ON payment_refund TO caconsole_app
GRANT SELECT ON payment_refund TO caconsole_read

CREATE TABLE policy_version
    single boolean NOT NULL DEFAULT true
    version bigint NOT NULL
    CONSTRAINT policy_version_pkey PRIMARY KEY (single)
    CONSTRAINT policy_version_single CHECK (single)
GRANT SELECT, UPDATE ON policy_version TO caconsole_app
GRANT SELECT ON policy_version TO caconsole_read

CREATE TABLE price
    project_id uuid NOT NULL
    cert_type text NOT NULL
    years smallint NOT NULL
    amount_fen bigint NOT NULL
    effective_from timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT price_pkey PRIMARY KEY (project_id, cert_type, years, effective_from)
    CONSTRAINT price_amount_positive CHECK (amount_fen > 0)
    CONSTRAINT price_cert_type_known CHECK (cert_type = 'organisation'::text)
    CONSTRAINT price_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT price_years_range CHECK (years >= 1 AND years <= 5)
GRANT INSERT, SELECT ON price TO caconsole_app
GRANT SELECT ON price TO caconsole_read

CREATE TABLE profile_version
    digest bytea NOT NULL
    profile_id text NOT NULL
    revision integer NOT NULL
    canonical bytea NOT NULL
    authority bytea
    state text NOT NULL
    proposed_by uuid
    created_at timestamp with time zone NOT NULL
    ended_at timestamp with time zone
    refusal text NOT NULL DEFAULT ''::text
    CONSTRAINT profile_version_pkey PRIMARY KEY (digest)
    CONSTRAINT profile_version_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
    CONSTRAINT profile_version_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT profile_version_end CHECK ((state = 'open'::text) = (ended_at IS NULL))
    CONSTRAINT profile_version_proposed_by_fkey FOREIGN KEY (proposed_by) REFERENCES staff(id)
    CONSTRAINT profile_version_revision CHECK (revision >= 1)
    CONSTRAINT profile_version_state CHECK (state = ANY (ARRAY['open'::text, 'taken'::text, 'withdrawn'::text]))
    CONSTRAINT profile_version_taken CHECK ((state = 'taken'::text) = (authority IS NOT NULL))
CREATE UNIQUE INDEX profile_version_one_open ON public.profile_version USING btree ((true)) WHERE (state = 'open'::text)
CREATE UNIQUE INDEX profile_version_one_taken ON public.profile_version USING btree (authority, profile_id, revision) WHERE (state = 'taken'::text)
GRANT INSERT, SELECT ON profile_version TO caconsole_app
GRANT SELECT ON profile_version TO caconsole_read
GRANT UPDATE (authority) ON profile_version TO caconsole_app
GRANT UPDATE (state) ON profile_version TO caconsole_app
GRANT UPDATE (proposed_by) ON profile_version TO caconsole_app
GRANT UPDATE (created_at) ON profile_version TO caconsole_app
GRANT UPDATE (ended_at) ON profile_version TO caconsole_app
GRANT UPDATE (refusal) ON profile_version TO caconsole_app

CREATE TABLE project
    id uuid NOT NULL
    code text NOT NULL
    name text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT project_pkey PRIMARY KEY (id)
    CONSTRAINT project_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,31}$'::text)
    CONSTRAINT project_code_once UNIQUE (code)
    CONSTRAINT project_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 100)
GRANT INSERT, SELECT ON project TO caconsole_app
GRANT SELECT ON project TO caconsole_read

CREATE TABLE project_setting
    project_id uuid NOT NULL
    key text NOT NULL
    value jsonb NOT NULL
    effective_from timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT project_setting_pkey PRIMARY KEY (project_id, key, effective_from)
    CONSTRAINT project_setting_key_form CHECK (key ~ '^[a-z][a-z0-9_]{1,63}$'::text)
    CONSTRAINT project_setting_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
GRANT INSERT, SELECT ON project_setting TO caconsole_app
GRANT SELECT ON project_setting TO caconsole_read

CREATE TABLE receivable
    id uuid NOT NULL
    order_id uuid NOT NULL
    order_no text NOT NULL
    project_id uuid NOT NULL
    payer_name text NOT NULL
    payer_norm text NOT NULL
    due_fen bigint NOT NULL
    allocated_fen bigint NOT NULL DEFAULT 0
    state text NOT NULL
    since date NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT receivable_pkey PRIMARY KEY (id)
    CONSTRAINT receivable_allocated CHECK (allocated_fen >= 0 AND allocated_fen <= due_fen)
    CONSTRAINT receivable_due CHECK (due_fen > 0)
    CONSTRAINT receivable_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT receivable_payer_norm CHECK (payer_norm <> ''::text)
    CONSTRAINT receivable_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT receivable_settled CHECK ((state = 'settled'::text) = (allocated_fen = due_fen))
    CONSTRAINT receivable_state CHECK (state = ANY (ARRAY['open'::text, 'settled'::text, 'closed'::text]))
CREATE INDEX receivable_all_by_no ON public.receivable USING btree (order_no)
CREATE INDEX receivable_all_of_order ON public.receivable USING btree (order_id)
CREATE UNIQUE INDEX receivable_of_order ON public.receivable USING btree (order_id) WHERE (state = 'open'::text)
CREATE INDEX receivable_open ON public.receivable USING btree (project_id, payer_norm) WHERE (state = 'open'::text)
CREATE UNIQUE INDEX receivable_order_no ON public.receivable USING btree (order_no) WHERE (state = 'open'::text)
GRANT INSERT, SELECT, UPDATE ON receivable TO caconsole_app
GRANT SELECT ON receivable TO caconsole_read

CREATE TABLE receivable_claim
    receivable_id uuid NOT NULL
    document_id uuid NOT NULL
    image_sm3 bytea NOT NULL
    payer_name text NOT NULL
    payer_norm text NOT NULL
    amount_fen bigint NOT NULL
    paid_on date NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT receivable_claim_pkey PRIMARY KEY (receivable_id)
    CONSTRAINT receivable_claim_amount CHECK (amount_fen > 0)
    CONSTRAINT receivable_claim_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(id)
    CONSTRAINT receivable_claim_image_sm3 CHECK (octet_length(image_sm3) = 32)
    CONSTRAINT receivable_claim_receivable_id_fkey FOREIGN KEY (receivable_id) REFERENCES receivable(id)
GRANT INSERT, SELECT, UPDATE ON receivable_claim TO caconsole_app
GRANT SELECT ON receivable_claim TO caconsole_read

CREATE TABLE red_letter
    id uuid NOT NULL
    invoice_id uuid NOT NULL
    order_id uuid NOT NULL
    project_id uuid NOT NULL
    state text NOT NULL
    serial text NOT NULL
    try integer NOT NULL
    form_state text NOT NULL DEFAULT ''::text
    form_no text NOT NULL DEFAULT ''::text
    number text NOT NULL DEFAULT ''::text
    by_hand boolean NOT NULL DEFAULT false
    pdf_object_key text
    pdf_sm3 bytea
    pdf_bytes bigint
    pdf_data_key bytea
    attempts integer NOT NULL DEFAULT 0
    last_error text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    issued_at timestamp with time zone
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT red_letter_pkey PRIMARY KEY (id)
    CONSTRAINT red_letter_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(id)
    CONSTRAINT red_letter_issued CHECK (state <> 'issued'::text OR number <> ''::text AND issued_at IS NOT NULL)
    CONSTRAINT red_letter_once UNIQUE (invoice_id)
    CONSTRAINT red_letter_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT red_letter_pdf_sm3 CHECK (octet_length(pdf_sm3) = 32)
    CONSTRAINT red_letter_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT red_letter_serial_key UNIQUE (serial)
    CONSTRAINT red_letter_state CHECK (state = ANY (ARRAY['waiting_invoice'::text, 'requested'::text, 'asked'::text, 'waiting_buyer'::text, 'confirmed'::text, 'issued'::text, 'not_needed'::text, 'blocked'::text]))
    CONSTRAINT red_letter_try CHECK (try >= 1)
CREATE INDEX red_letter_blocked ON public.red_letter USING btree (created_at, id) WHERE (state = 'blocked'::text)
CREATE INDEX red_letter_of_order ON public.red_letter USING btree (order_id)
CREATE INDEX red_letter_open ON public.red_letter USING btree (changed_at, id) WHERE (state <> ALL (ARRAY['issued'::text, 'not_needed'::text, 'blocked'::text]))
CREATE INDEX red_letter_recent ON public.red_letter USING btree (created_at DESC, id DESC)
GRANT INSERT, SELECT, UPDATE ON red_letter TO caconsole_app
GRANT SELECT (id) ON red_letter TO caconsole_read
GRANT SELECT (invoice_id) ON red_letter TO caconsole_read
GRANT SELECT (order_id) ON red_letter TO caconsole_read
GRANT SELECT (project_id) ON red_letter TO caconsole_read
GRANT SELECT (state) ON red_letter TO caconsole_read
GRANT SELECT (serial) ON red_letter TO caconsole_read
GRANT SELECT (try) ON red_letter TO caconsole_read
GRANT SELECT (form_state) ON red_letter TO caconsole_read
GRANT SELECT (form_no) ON red_letter TO caconsole_read
GRANT SELECT (number) ON red_letter TO caconsole_read
GRANT SELECT (by_hand) ON red_letter TO caconsole_read
GRANT SELECT (pdf_bytes) ON red_letter TO caconsole_read
GRANT SELECT (attempts) ON red_letter TO caconsole_read
GRANT SELECT (last_error) ON red_letter TO caconsole_read
GRANT SELECT (created_at) ON red_letter TO caconsole_read
GRANT SELECT (issued_at) ON red_letter TO caconsole_read
GRANT SELECT (changed_at) ON red_letter TO caconsole_read

CREATE TABLE registry_change
    digest bytea NOT NULL
    seq bigint NOT NULL
    canonical bytea NOT NULL
    state text NOT NULL
    created_by uuid NOT NULL
    created_at timestamp with time zone NOT NULL
    ended_at timestamp with time zone
    refusal text NOT NULL DEFAULT ''::text
    CONSTRAINT registry_change_pkey PRIMARY KEY (digest)
    CONSTRAINT registry_change_created_by_fkey FOREIGN KEY (created_by) REFERENCES staff(id)
    CONSTRAINT registry_change_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT registry_change_end CHECK ((state = 'open'::text) = (ended_at IS NULL))
    CONSTRAINT registry_change_seq CHECK (seq > 1)
    CONSTRAINT registry_change_state CHECK (state = ANY (ARRAY['open'::text, 'done'::text, 'withdrawn'::text, 'outdated'::text]))
CREATE UNIQUE INDEX registry_change_one_open ON public.registry_change USING btree ((true)) WHERE (state = 'open'::text)
GRANT INSERT, SELECT ON registry_change TO caconsole_app
GRANT SELECT ON registry_change TO caconsole_read
GRANT UPDATE (state) ON registry_change TO caconsole_app
GRANT UPDATE (created_by) ON registry_change TO caconsole_app
GRANT UPDATE (created_at) ON registry_change TO caconsole_app
GRANT UPDATE (ended_at) ON registry_change TO caconsole_app
GRANT UPDATE (refusal) ON registry_change TO caconsole_app

CREATE TABLE review_claim
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    claimed_at timestamp with time zone NOT NULL
    until timestamp with time zone NOT NULL
    CONSTRAINT review_claim_pkey PRIMARY KEY (order_id)
    CONSTRAINT review_claim_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT review_claim_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
    CONSTRAINT review_claim_until CHECK (until > claimed_at)
CREATE INDEX review_claim_by_staff ON public.review_claim USING btree (staff_id, until)
CREATE INDEX review_claim_until_idx ON public.review_claim USING btree (until)
GRANT DELETE, INSERT, SELECT, UPDATE ON review_claim TO caconsole_app
GRANT SELECT ON review_claim TO caconsole_read

CREATE TABLE review_draft
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    checks jsonb NOT NULL
    items jsonb NOT NULL
    customer_text text NOT NULL
    note text NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT review_draft_pkey PRIMARY KEY (order_id)
    CONSTRAINT review_draft_customer_text CHECK (length(customer_text) <= 500)
    CONSTRAINT review_draft_note CHECK (length(note) <= 2000)
    CONSTRAINT review_draft_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT review_draft_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT DELETE, INSERT, SELECT, UPDATE ON review_draft TO caconsole_app
GRANT SELECT ON review_draft TO caconsole_read

CREATE TABLE review_verdict
    id uuid NOT NULL
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    decision text NOT NULL
    content_version integer NOT NULL
    content_digest bytea NOT NULL
    checks jsonb NOT NULL
    items jsonb NOT NULL
    customer_text text NOT NULL
    note text NOT NULL
    claimed_at timestamp with time zone NOT NULL
    at timestamp with time zone NOT NULL
    effective_at timestamp with time zone NOT NULL
    CONSTRAINT review_verdict_pkey PRIMARY KEY (id)
    CONSTRAINT review_verdict_content_digest CHECK (octet_length(content_digest) = 32)
    CONSTRAINT review_verdict_decision CHECK (decision = ANY (ARRAY['approved'::text, 'returned'::text, 'rejected'::text]))
    CONSTRAINT review_verdict_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT review_verdict_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX review_verdict_by_staff ON public.review_verdict USING btree (staff_id, at DESC)
CREATE INDEX review_verdict_of_order ON public.review_verdict USING btree (order_id, at DESC)
CREATE INDEX review_verdict_returned ON public.review_verdict USING btree (order_id) WHERE (decision = 'returned'::text)
GRANT INSERT, SELECT ON review_verdict TO caconsole_app
GRANT SELECT ON review_verdict TO caconsole_read

CREATE TABLE revocation
    id uuid NOT NULL
    project_id uuid NOT NULL
    pair_id uuid NOT NULL
    canonical bytea NOT NULL
    digest bytea NOT NULL
    reason integer NOT NULL
    asked_by text NOT NULL
    grounds text NOT NULL
    expires_at timestamp with time zone NOT NULL
    created_by uuid NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT revocation_pkey PRIMARY KEY (id)
    CONSTRAINT revocation_asked_by CHECK (asked_by = ANY (ARRAY['holder'::text, 'house'::text]))
    CONSTRAINT revocation_created_by_fkey FOREIGN KEY (created_by) REFERENCES staff(id)
    CONSTRAINT revocation_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT revocation_digest_key UNIQUE (digest)
    CONSTRAINT revocation_grounds CHECK (length(grounds) >= 1 AND length(grounds) <= 500)
    CONSTRAINT revocation_pair_id_fkey FOREIGN KEY (pair_id) REFERENCES certificate_state(pair_id)
    CONSTRAINT revocation_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT revocation_reason CHECK (reason = ANY (ARRAY[0, 1, 3, 4, 5, 9]))
CREATE INDEX revocation_of_pair ON public.revocation USING btree (pair_id, created_at DESC)
GRANT INSERT, SELECT ON revocation TO caconsole_app
GRANT SELECT ON revocation TO caconsole_read

CREATE TABLE revocation_state
    revocation_id uuid NOT NULL
    project_id uuid NOT NULL
    pair_id uuid NOT NULL
    state text NOT NULL
    note text NOT NULL DEFAULT ''::text
    revoked_at timestamp with time zone
    signer_seq bigint
    signer_head bytea
    listed bigint
    orders_ended boolean NOT NULL DEFAULT false
    created_at timestamp with time zone NOT NULL
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT revocation_state_pkey PRIMARY KEY (revocation_id)
    CONSTRAINT revocation_state_listed CHECK (listed IS NULL OR state = 'revoked'::text)
    CONSTRAINT revocation_state_pair_id_fkey FOREIGN KEY (pair_id) REFERENCES certificate_state(pair_id)
    CONSTRAINT revocation_state_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
    CONSTRAINT revocation_state_revocation_id_fkey FOREIGN KEY (revocation_id) REFERENCES revocation(id)
    CONSTRAINT revocation_state_revoked CHECK ((state = 'revoked'::text) = (revoked_at IS NOT NULL AND signer_seq IS NOT NULL AND signer_head IS NOT NULL))
    CONSTRAINT revocation_state_signer_head CHECK (octet_length(signer_head) = 32)
    CONSTRAINT revocation_state_state CHECK (state = ANY (ARRAY['draft'::text, 'proposed'::text, 'approved'::text, 'revoked'::text, 'failed'::text, 'refused'::text, 'withdrawn'::text, 'expired'::text]))
CREATE INDEX revocation_state_by_seq ON public.revocation_state USING btree (signer_seq) WHERE (signer_seq IS NOT NULL)
CREATE INDEX revocation_state_hanging ON public.revocation_state USING btree (changed_at) WHERE (state = 'approved'::text)
CREATE INDEX revocation_state_newest ON public.revocation_state USING btree (state, changed_at DESC, revocation_id DESC)
CREATE UNIQUE INDEX revocation_state_one_open ON public.revocation_state USING btree (pair_id) WHERE (state = ANY (ARRAY['proposed'::text, 'approved'::text, 'revoked'::text]))
CREATE INDEX revocation_state_unended ON public.revocation_state USING btree (revoked_at) WHERE ((state = 'revoked'::text) AND (NOT orders_ended))
CREATE INDEX revocation_state_unlisted ON public.revocation_state USING btree (revoked_at) WHERE ((state = 'revoked'::text) AND (listed IS NULL))
GRANT INSERT, SELECT, UPDATE ON revocation_state TO caconsole_app
GRANT SELECT ON revocation_state TO caconsole_read

CREATE TABLE signer_head
    authority bytea NOT NULL
    seq bigint NOT NULL
    head bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT signer_head_pkey PRIMARY KEY (authority, seq)
    CONSTRAINT signer_head_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
    CONSTRAINT signer_head_head CHECK (octet_length(head) = 32)
    CONSTRAINT signer_head_seq CHECK (seq > 0)
GRANT INSERT, SELECT ON signer_head TO caconsole_app
GRANT SELECT ON signer_head TO caconsole_read

CREATE TABLE signer_registry
    digest bytea NOT NULL
    authority bytea NOT NULL
    seq bigint NOT NULL
    canonical bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT signer_registry_pkey PRIMARY KEY (digest)
    CONSTRAINT signer_registry_authority_fkey FOREIGN KEY (authority) REFERENCES issuing_authority(sm3)
    CONSTRAINT signer_registry_digest CHECK (octet_length(digest) = 32)
    CONSTRAINT signer_registry_once UNIQUE (authority, seq)
    CONSTRAINT signer_registry_seq CHECK (seq > 0)
GRANT INSERT, SELECT ON signer_registry TO caconsole_app
GRANT SELECT ON signer_registry TO caconsole_read

CREATE TABLE signer_watch
    single boolean NOT NULL DEFAULT true
    asked_at timestamp with time zone NOT NULL
    blocked_since timestamp with time zone
    silent boolean NOT NULL
    given text NOT NULL
    needed integer NOT NULL
    alarmed_at timestamp with time zone
    CONSTRAINT signer_watch_pkey PRIMARY KEY (single)
    CONSTRAINT signer_watch_single CHECK (single)
GRANT INSERT, SELECT, UPDATE ON signer_watch TO caconsole_app
GRANT SELECT ON signer_watch TO caconsole_read

CREATE TABLE staff
    id uuid NOT NULL
    login text NOT NULL
    name text NOT NULL
    no text NOT NULL
    state text NOT NULL
    on_duty boolean NOT NULL
    all_projects boolean NOT NULL
    last_login_at timestamp with time zone
    last_login_ip text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT staff_pkey PRIMARY KEY (id)
    CONSTRAINT staff_login_form CHECK (login ~ '^[a-z][a-z0-9_.-]{1,39}$'::text)
    CONSTRAINT staff_login_once UNIQUE (login)
    CONSTRAINT staff_name_form CHECK (length(name) >= 1 AND length(name) <= 60)
    CONSTRAINT staff_no_form CHECK (no ~ '^[0-9A-Z]{1,12}$'::text)
    CONSTRAINT staff_no_once UNIQUE (no)
    CONSTRAINT staff_state CHECK (state = ANY (ARRAY['active'::text, 'suspended'::text]))
CREATE INDEX staff_list ON public.staff USING btree (no, id)
GRANT INSERT, SELECT, UPDATE ON staff TO caconsole_app
GRANT SELECT ON staff TO caconsole_read

CREATE TABLE staff_credential
    staff_id uuid NOT NULL
    password_hash text NOT NULL
    totp_sealed bytea NOT NULL
    totp_step bigint NOT NULL DEFAULT 0
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT staff_credential_pkey PRIMARY KEY (staff_id)
    CONSTRAINT staff_credential_hash CHECK (password_hash ~~ '$argon2id$%'::text)
    CONSTRAINT staff_credential_sealed CHECK (octet_length(totp_sealed) >= 34 AND get_byte(totp_sealed, 0) = 1)
    CONSTRAINT staff_credential_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT INSERT, SELECT, UPDATE ON staff_credential TO caconsole_app

CREATE TABLE staff_delegation
    id uuid NOT NULL
    staff_id uuid NOT NULL
    session_id uuid NOT NULL
    canonical bytea NOT NULL
    assertion bytea
    signature bytea
    expires_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    ended_at timestamp with time zone
    ended_why text NOT NULL DEFAULT ''::text
    told_at timestamp with time zone
    CONSTRAINT staff_delegation_pkey PRIMARY KEY (id)
    CONSTRAINT staff_delegation_end CHECK ((ended_at IS NULL) = (ended_why = ''::text))
    CONSTRAINT staff_delegation_session_id_fkey FOREIGN KEY (session_id) REFERENCES staff_session(id)
    CONSTRAINT staff_delegation_signed CHECK ((assertion IS NULL) = (signature IS NULL))
    CONSTRAINT staff_delegation_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX staff_delegation_live ON public.staff_delegation USING btree (staff_id) WHERE (ended_at IS NULL)
CREATE UNIQUE INDEX staff_delegation_one_live ON public.staff_delegation USING btree (session_id) WHERE ((signature IS NOT NULL) AND (ended_at IS NULL))
CREATE INDEX staff_delegation_untold ON public.staff_delegation USING btree (ended_at) WHERE ((signature IS NOT NULL) AND (ended_at IS NOT NULL) AND (told_at IS NULL))
GRANT INSERT, SELECT ON staff_delegation TO caconsole_app
GRANT UPDATE (assertion) ON staff_delegation TO caconsole_app
GRANT UPDATE (signature) ON staff_delegation TO caconsole_app
GRANT UPDATE (ended_at) ON staff_delegation TO caconsole_app
GRANT UPDATE (ended_why) ON staff_delegation TO caconsole_app
GRANT UPDATE (told_at) ON staff_delegation TO caconsole_app

CREATE TABLE staff_key_challenge
    id uuid NOT NULL
    staff_id uuid NOT NULL
    session_id uuid NOT NULL
    kind text NOT NULL
    data bytea NOT NULL
    expires_at timestamp with time zone NOT NULL
    CONSTRAINT staff_key_challenge_pkey PRIMARY KEY (id)
    CONSTRAINT staff_key_challenge_kind CHECK (kind = ANY (ARRAY['sm2'::text, 'webauthn'::text]))
    CONSTRAINT staff_key_challenge_session_id_fkey FOREIGN KEY (session_id) REFERENCES staff_session(id)
    CONSTRAINT staff_key_challenge_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
CREATE INDEX staff_key_challenge_of_staff ON public.staff_key_challenge USING btree (staff_id)
GRANT DELETE, INSERT, SELECT ON staff_key_challenge TO caconsole_app

CREATE TABLE staff_key_request
    id uuid NOT NULL
    staff_id uuid NOT NULL
    kind text NOT NULL
    public_key bytea NOT NULL
    key_id bytea NOT NULL
    credential_id bytea
    proof bytea NOT NULL
    state text NOT NULL
    reason text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    ended_by uuid
    ended_at timestamp with time zone
    seen_at timestamp with time zone
    CONSTRAINT staff_key_request_pkey PRIMARY KEY (id)
    CONSTRAINT staff_key_request_credential CHECK ((kind = 'webauthn'::text) = (credential_id IS NOT NULL))
    CONSTRAINT staff_key_request_end CHECK ((state = 'open'::text) = (ended_at IS NULL))
    CONSTRAINT staff_key_request_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES staff(id)
    CONSTRAINT staff_key_request_key_id CHECK (octet_length(key_id) = 32)
    CONSTRAINT staff_key_request_kind CHECK (kind = ANY (ARRAY['sm2'::text, 'webauthn'::text]))
    CONSTRAINT staff_key_request_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
    CONSTRAINT staff_key_request_state CHECK (state = ANY (ARRAY['open'::text, 'enrolled'::text, 'refused'::text, 'withdrawn'::text]))
CREATE INDEX staff_key_request_of_staff ON public.staff_key_request USING btree (staff_id, created_at DESC)
CREATE UNIQUE INDEX staff_key_request_once ON public.staff_key_request USING btree (key_id) WHERE (state = ANY (ARRAY['open'::text, 'enrolled'::text]))
CREATE INDEX staff_key_request_open ON public.staff_key_request USING btree (created_at) WHERE (state = 'open'::text)
GRANT INSERT, SELECT ON staff_key_request TO caconsole_app
GRANT SELECT ON staff_key_request TO caconsole_read
GRANT UPDATE (state) ON staff_key_request TO caconsole_app
GRANT UPDATE (reason) ON staff_key_request TO caconsole_app
GRANT UPDATE (ended_by) ON staff_key_request TO caconsole_app
GRANT UPDATE (ended_at) ON staff_key_request TO caconsole_app
GRANT UPDATE (seen_at) ON staff_key_request TO caconsole_app

CREATE TABLE staff_project
    staff_id uuid NOT NULL
    project_id uuid NOT NULL
    CONSTRAINT staff_project_pkey PRIMARY KEY (staff_id, project_id)
    CONSTRAINT staff_project_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT DELETE, INSERT, SELECT ON staff_project TO caconsole_app
GRANT SELECT ON staff_project TO caconsole_read

CREATE TABLE staff_role
    staff_id uuid NOT NULL
    role text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT staff_role_pkey PRIMARY KEY (staff_id, role)
    CONSTRAINT staff_role_role CHECK (role = ANY (ARRAY['reviewer'::text, 'second_reviewer'::text, 'review_lead'::text, 'issuer'::text, 'finance'::text, 'finance_lead'::text, 'hotline'::text, 'hotline_lead'::text, 'auditor'::text, 'security_admin'::text, 'system_admin'::text, 'key_officer'::text]))
    CONSTRAINT staff_role_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
GRANT DELETE, INSERT, SELECT ON staff_role TO caconsole_app
GRANT SELECT ON staff_role TO caconsole_read

CREATE TABLE staff_session
    id uuid NOT NULL
    token_hash bytea NOT NULL
    staff_id uuid NOT NULL
    ip text NOT NULL
    user_agent text NOT NULL
    created_at timestamp with time zone NOT NULL
    seen_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    ended_at timestamp with time zone
    ended_why text NOT NULL DEFAULT ''::text
    CONSTRAINT staff_session_pkey PRIMARY KEY (id)
    CONSTRAINT staff_session_ended CHECK ((ended_at IS NULL) = (ended_why = ''::text))
    CONSTRAINT staff_session_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
    CONSTRAINT staff_session_token CHECK (octet_length(token_hash) = 32)
    CONSTRAINT staff_session_token_once UNIQUE (token_hash)
    CONSTRAINT staff_session_why CHECK (ended_why = ANY (ARRAY[''::text, 'logout'::text, 'rotated'::text, 'revoked'::text]))
CREATE INDEX staff_session_live ON public.staff_session USING btree (staff_id, seen_at) WHERE (ended_at IS NULL)
GRANT INSERT, SELECT, UPDATE ON staff_session TO caconsole_app

CREATE TABLE statement_account
    id uuid NOT NULL
    project_id uuid NOT NULL
    bank text NOT NULL
    branch text NOT NULL
    account_no text NOT NULL
    own_name text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT statement_account_pkey PRIMARY KEY (id)
    CONSTRAINT statement_account_digits CHECK (account_no ~ '^[0-9]{8,32}$'::text)
    CONSTRAINT statement_account_no UNIQUE (account_no)
    CONSTRAINT statement_account_own_name CHECK (own_name <> ''::text)
    CONSTRAINT statement_account_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id)
CREATE INDEX statement_account_of_project ON public.statement_account USING btree (project_id, created_at DESC)
GRANT INSERT, SELECT ON statement_account TO caconsole_app
GRANT SELECT ON statement_account TO caconsole_read

CREATE TABLE telecom_check
    id uuid NOT NULL
    order_id uuid NOT NULL
    outcome text NOT NULL
    vendor_code text NOT NULL
    carrier text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT telecom_check_pkey PRIMARY KEY (id)
    CONSTRAINT telecom_check_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT telecom_check_outcome CHECK (outcome = ANY (ARRAY['match'::text, 'mismatch'::text, 'unknown'::text]))
CREATE INDEX telecom_check_of_order ON public.telecom_check USING btree (order_id, created_at DESC)
GRANT INSERT, SELECT ON telecom_check TO caconsole_app
GRANT SELECT ON telecom_check TO caconsole_read

CREATE UNLOGGED TABLE throttle_bucket
    bucket text NOT NULL
    tokens double precision NOT NULL
    touched_at timestamp with time zone NOT NULL
    full_at timestamp with time zone NOT NULL
    CONSTRAINT throttle_bucket_pkey PRIMARY KEY (bucket)
    CONSTRAINT throttle_bucket_name CHECK (octet_length(bucket) >= 1 AND octet_length(bucket) <= 300)
CREATE INDEX throttle_bucket_full ON public.throttle_bucket USING btree (full_at)
GRANT DELETE, INSERT, SELECT, UPDATE ON throttle_bucket TO caconsole_app

CREATE TABLE update_decision
    id uuid NOT NULL
    order_id uuid NOT NULL
    staff_id uuid NOT NULL
    decision text NOT NULL
    until timestamp with time zone
    reason text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT update_decision_pkey PRIMARY KEY (id)
    CONSTRAINT update_decision_decision CHECK (decision = ANY (ARRAY['extend'::text, 'rest'::text]))
    CONSTRAINT update_decision_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT update_decision_reason CHECK (length(reason) >= 1 AND length(reason) <= 500)
    CONSTRAINT update_decision_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id)
    CONSTRAINT update_decision_until CHECK ((until IS NOT NULL) = (decision = 'extend'::text))
CREATE INDEX update_decision_of_order ON public.update_decision USING btree (order_id, at DESC)
GRANT INSERT, SELECT ON update_decision TO caconsole_app
GRANT SELECT ON update_decision TO caconsole_read

CREATE TABLE update_session
    id uuid NOT NULL
    order_id uuid NOT NULL
    authorisation_id uuid NOT NULL
    kind text NOT NULL
    nonce text NOT NULL
    token_sm3 bytea
    proved_at timestamp with time zone
    expires_at timestamp with time zone NOT NULL
    created_at timestamp with time zone NOT NULL
    csr bytea
    CONSTRAINT update_session_pkey PRIMARY KEY (id)
    CONSTRAINT update_session_authorisation_id_fkey FOREIGN KEY (authorisation_id) REFERENCES authorisation(id)
    CONSTRAINT update_session_csr CHECK (octet_length(csr) >= 1 AND octet_length(csr) <= 8192)
    CONSTRAINT update_session_kind CHECK (kind = ANY (ARRAY['renew'::text, 'collect'::text]))
    CONSTRAINT update_session_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT update_session_proved CHECK ((token_sm3 IS NULL) = (proved_at IS NULL))
    CONSTRAINT update_session_token_sm3 CHECK (octet_length(token_sm3) = 32)
CREATE INDEX update_session_expired ON public.update_session USING btree (expires_at)
CREATE INDEX update_session_of_order ON public.update_session USING btree (order_id, created_at DESC)
GRANT INSERT, SELECT, UPDATE ON update_session TO caconsole_app

CREATE TABLE update_step
    request_id uuid NOT NULL
    step text NOT NULL
    at timestamp with time zone NOT NULL
    CONSTRAINT update_step_pkey PRIMARY KEY (request_id, step)
    CONSTRAINT update_step_request_id_fkey FOREIGN KEY (request_id) REFERENCES issuance_request(id)
    CONSTRAINT update_step_step CHECK (step = ANY (ARRAY['sign_certificate'::text, 'encryption_key'::text, 'encryption_certificate'::text]))
GRANT INSERT, SELECT ON update_step TO caconsole_app
GRANT SELECT ON update_step TO caconsole_read

CREATE TABLE voucher_claim
    id uuid NOT NULL
    order_id uuid NOT NULL
    document_id uuid NOT NULL
    image_sm3 bytea NOT NULL
    payer_name text NOT NULL
    amount_fen bigint NOT NULL
    paid_on date NOT NULL
    state text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT voucher_claim_pkey PRIMARY KEY (id)
    CONSTRAINT voucher_claim_amount CHECK (amount_fen > 0)
    CONSTRAINT voucher_claim_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(id)
    CONSTRAINT voucher_claim_image_sm3 CHECK (octet_length(image_sm3) = 32)
    CONSTRAINT voucher_claim_once UNIQUE (order_id, document_id)
    CONSTRAINT voucher_claim_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
    CONSTRAINT voucher_claim_payer_name CHECK (length(payer_name) >= 1 AND length(payer_name) <= 200)
    CONSTRAINT voucher_claim_state CHECK (state = ANY (ARRAY['open'::text, 'superseded'::text]))
CREATE INDEX voucher_claim_by_image ON public.voucher_claim USING btree (image_sm3) WHERE (state = 'open'::text)
CREATE UNIQUE INDEX voucher_claim_one_live ON public.voucher_claim USING btree (order_id) WHERE (state = 'open'::text)
GRANT INSERT, SELECT, UPDATE ON voucher_claim TO caconsole_app
GRANT SELECT ON voucher_claim TO caconsole_read

CREATE OR REPLACE FUNCTION public.bigrams(words text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY(SELECT DISTINCT substr(bigrams.words, at.at, 2) AS substr FROM generate_series(1, (length(bigrams.words) - 1)) at(at))


CREATE OR REPLACE FUNCTION public.money_kept(of_order uuid)
 RETURNS bigint
 LANGUAGE sql
 STABLE STRICT
RETURN (SELECT (COALESCE(sum((i.amount_fen - COALESCE(p.refunded_fen, i.refunded_fen))), (0)::numeric))::bigint AS "coalesce" FROM (payment_intent i LEFT JOIN online_payment p ON ((p.intent_id = i.id))) WHERE ((i.order_id = money_kept.of_order) AND (i.state = 'settled'::text)))


CREATE OR REPLACE FUNCTION public.orders_money_adds_up()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$


CREATE OR REPLACE FUNCTION public.policy_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE policy_version SET version = version + 1;
    PERFORM pg_notify('caconsole_policy', '');
    RETURN NULL;
END
$function$

