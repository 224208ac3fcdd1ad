package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type requestRow struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	OrderID         uuid.UUID
	AuthorisationID uuid.UUID
	UpdateID        *uuid.UUID // the driver's session whose CSR it is for
	Canonical       []byte
	Digest          []byte
	SignSerial      string
	EncSerial       string
	State           string
	Reason          string
	NewPairID       *uuid.UUID
	SignerSeq       *uint64
	SignerHead      []byte
	CreatedAt       time.Time
	ChangedAt       time.Time
}

// TableName tells gorm the table.
func (requestRow) TableName() string { return "issuance_request" }

// Reserve makes the request that executes an order's authorisation and returns its id, the only argument of the job. The
// keys are the Ukey's own, those of the CSR that two issuers signed for, or of the one by which the holder authorised; see
// ReserveFor for a driver that collects with a CSR. Where the key centre has to be asked first, the request does not exist
// before ReserveWithKey. Fails with NotFound "authorisation_missing", Forbidden "approval_missing" (args: duty), Conflict
// "authorisation_expired", "authorisation_in_use", "validity_beyond_ca" or "csr_missing".
func (s *Service) Reserve(ctx context.Context, tx pg.Tx, order uuid.UUID) (uuid.UUID, error) {
	return s.reserveFor(ctx, tx, order, nil)
}

// ReserveFor is Reserve on the CSR of a driver's proved session. Fails likewise, and with Forbidden
// "holder_proof_missing".
func (s *Service) ReserveFor(ctx context.Context, tx pg.Tx, order, update uuid.UUID) (uuid.UUID, error) {
	return s.reserveFor(ctx, tx, order, &update)
}

func (s *Service) reserveFor(ctx context.Context, tx pg.Tx, order uuid.UUID, update *uuid.UUID) (uuid.UUID, error) {
	a, err := s.ForOrder(ctx, tx, order)
	if err != nil {
		return uuid.Nil, err
	}
	if err := s.ready(a); err != nil {
		return uuid.Nil, err
	}
	if a.Object.Origin == cert.OriginOnline {
		update = &a.holderUpdate
	}
	with, err := s.brought(tx, a, update)
	if err != nil {
		return uuid.Nil, err
	}
	if a.Object.Keys == cert.CSRKeys && len(with.csr) == 0 {
		return uuid.Nil, fault.New(fault.Conflict, "csr_missing", nil)
	}
	ca, err := s.Authority(ctx, tx)
	if err != nil {
		return uuid.Nil, err
	}
	if s.needsKey(a, ca.Profile) {
		return s.applyForKey(ctx, tx, a, update, with)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fault.Wrap("random_unavailable", err)
	}
	return id, s.reserve(ctx, tx, a, id, update, with, nil)
}

// reserve commits to a request with all that it will be executed with.
func (s *Service) reserve(ctx context.Context, tx pg.Tx, a Authorisation, id uuid.UUID, update *uuid.UUID, with brought, kmc *cert.Evidence) error {
	r, err := s.newRequest(ctx, tx, a, id, with, kmc)
	if err != nil {
		return err
	}
	if err := s.moveAuthorisation(tx, a.ID, AuthorisationOpen, AuthorisationUsed); err != nil {
		return err
	}
	now, digest := s.now(), r.Digest()
	return pg.Fault(tx.Gorm().Create(&requestRow{
		ID: id, OrderID: a.OrderID, AuthorisationID: a.ID, UpdateID: update, Canonical: r.Canonical(), Digest: digest[:],
		SignSerial: r.SignSerial, EncSerial: r.EncSerial, State: RequestReserved, CreatedAt: now, ChangedAt: now,
	}).Error)
}

// ready says what an authorisation still lacks.
func (s *Service) ready(a Authorisation) error {
	if s.now().After(a.ExpiresAt) {
		return fault.New(fault.Conflict, "authorisation_expired", nil)
	}
	if a.Object.Origin == cert.OriginOnline && len(a.Holder) == 0 {
		return fault.New(fault.Forbidden, "holder_proof_missing", nil)
	}
	given := map[string]bool{}
	for _, p := range a.Approvals {
		given[p.Duty] = true
	}
	for _, duty := range cert.Duties(a.Object.Origin) {
		if !given[duty] {
			return fault.New(fault.Forbidden, "approval_missing", fault.Args{"duty": duty})
		}
	}
	return nil
}

func (s *Service) newRequest(ctx context.Context, tx pg.Tx, a Authorisation, id uuid.UUID, with brought, kmc *cert.Evidence) (cert.Request, error) {
	p, err := load(tx, a.OldPair)
	if err != nil {
		return cert.Request{}, err
	}
	old, err := cert.ParseOld(p.DER())
	if err != nil {
		return cert.Request{}, err
	}
	ca, err := s.Authority(ctx, tx)
	if err != nil {
		return cert.Request{}, err
	}
	m := cert.Material{Old: &old, CSR: with.csr, KMC: kmc}
	r, err := cert.NewRequestOf(s.random, id.String(), a.Object, m, ca.Profile, ca.NotAfter, s.now())
	if err == nil && len(with.proof) > 0 {
		r = r.ProvenBy(with.proof)
	}
	return r, err
}

// Execute has the signer execute a request and returns its answer for Record. It may be repeated: the answer stays the
// same. Not to be called inside a transaction. Fails with the signer's refusal, Unavailable where it does not answer,
// NotFound "request_unknown", Internal "signer_answer_wrong" where the answer is not what was asked for.
func (s *Service) Execute(ctx context.Context, q pg.Q, id uuid.UUID) (cert.Issued, error) {
	row, r, err := loadRequest(q, id)
	if err != nil {
		return cert.Issued{}, err
	}
	a, err := loadAuthorisation(q, "id = ?", row.AuthorisationID)
	if err != nil {
		return cert.Issued{}, err
	}
	p, err := load(q, a.OldPair)
	if err != nil {
		return cert.Issued{}, err
	}
	ca, err := s.Authority(ctx, q)
	if err != nil {
		return cert.Issued{}, err
	}
	with, err := s.brought(q, a, row.UpdateID)
	if err != nil {
		return cert.Issued{}, err
	}
	in := cert.Instruction{
		Request: row.Canonical, Authorisation: a.Canonical, Approvals: a.Approvals, Old: p.DER(),
		Holder: with.proof, Collect: with.collect, CSR: with.csr,
	}
	if r.KMC != "" {
		key, err := s.KeyAnswer(ctx, q, id)
		if err != nil {
			return cert.Issued{}, err
		}
		in.KMC = key.Evidence.Canonical()
	}
	issued, err := s.signer.Issue(ctx, in)
	if err != nil {
		return cert.Issued{}, err
	}
	return issued, checkAnswer(id, r, issued, ca)
}

// Resolve settles a request whose fate is unknown: the signer answers with its result, or from now on refuses it for
// ever, and then Closing.Issued is nil. Not to be called inside a transaction. Fails with Unavailable.
func (s *Service) Resolve(ctx context.Context, id uuid.UUID) (cert.Closing, error) {
	return s.signer.Close(ctx, id.String())
}

// Record stores the pair a request has led to and names it the successor of the old one. Recorded already, it returns
// that pair again. Fails with NotFound "request_unknown", Conflict "request_closed" or "already_renewed", Internal
// "signer_answer_wrong".
func (s *Service) Record(ctx context.Context, tx pg.Tx, id uuid.UUID, issued cert.Issued) (Pair, error) {
	row, r, err := loadRequest(lockedQ{tx}, id)
	if err != nil {
		return Pair{}, err
	}
	switch {
	case row.State == RequestRecorded && row.NewPairID != nil:
		return load(tx, *row.NewPairID)
	case row.State == RequestClosed:
		return Pair{}, fault.New(fault.Conflict, "request_closed", nil)
	}
	ca, err := s.Authority(ctx, tx)
	if err != nil {
		return Pair{}, err
	}
	if err := checkAnswer(id, r, issued, ca); err != nil {
		return Pair{}, err
	}
	a, err := loadAuthorisation(tx, "id = ?", row.AuthorisationID)
	if err != nil {
		return Pair{}, err
	}
	p, err := s.insertSuccessor(tx, a.OldPair, issued.Pair)
	if err != nil {
		return Pair{}, err
	}
	head, err := cert.ParseDigest(issued.Head)
	if err != nil {
		return Pair{}, fault.Wrap("signer_answer_wrong", err)
	}
	return p, s.moveRequest(tx, id, map[string]any{
		"state": RequestRecorded, "new_pair_id": p.ID, "signer_seq": issued.Seq, "signer_head": head[:],
	})
}

// insertSuccessor stores a new pair of the old one's holder and medium.
func (s *Service) insertSuccessor(tx pg.Tx, oldID uuid.UUID, certs cert.Pair) (Pair, error) {
	old, err := load(tx, oldID)
	if err != nil {
		return Pair{}, err
	}
	p := old
	p.State, p.Successor, p.SuccessorSerial = Active, uuid.Nil, ""
	if p.Sign, p.Algorithm, err = newCertificate(certs.Sign); err != nil {
		return Pair{}, err
	}
	if p.Enc, _, err = newCertificate(certs.Enc); err != nil {
		return Pair{}, err
	}
	if p, err = s.insert(tx, p); err != nil {
		return Pair{}, err
	}
	return p, s.succeed(tx, old.ID, p.ID)
}

// Closed notes that the signer refuses a request for ever (Resolve said so, in the record that head names) and why it
// came to that (a fault key). The
// authorisation is open again, for another Reserve or for Void. Fails with Conflict "request_closed" where the
// request is not reserved any more.
func (s *Service) Closed(_ context.Context, tx pg.Tx, id uuid.UUID, reason string, head cert.JournalHead) error {
	row, _, err := loadRequest(lockedQ{tx}, id)
	if err != nil {
		return err
	}
	sum, err := cert.ParseDigest(head.Head)
	if err != nil {
		return fault.Wrap("signer_answer_wrong", err)
	}
	if err := s.moveRequest(tx, id, map[string]any{"state": RequestClosed, "reason": reason, "signer_seq": head.Seq, "signer_head": sum[:]}); err != nil {
		return err
	}
	return s.moveAuthorisation(tx, row.AuthorisationID, AuthorisationUsed, AuthorisationOpen)
}

func (s *Service) moveRequest(tx pg.Tx, id uuid.UUID, to map[string]any) error {
	to["changed_at"] = s.now()
	res := tx.Gorm().Model(&requestRow{}).Where("id = ? AND state = ?", id, RequestReserved).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "request_closed", nil)
	}
	return pg.Fault(res.Error)
}

// Request names the order of a request. Fails with NotFound "request_unknown".
func (s *Service) Request(_ context.Context, q pg.Q, id uuid.UUID) (Hanging, error) {
	row, _, err := loadRequest(q, id)
	if err != nil {
		return Hanging{}, err
	}
	a, err := loadAuthorisation(q, "id = ?", row.AuthorisationID)
	if err != nil {
		return Hanging{}, err
	}
	return Hanging{RequestID: id, OrderID: row.OrderID, OrderNo: a.Object.Order, CreatedAt: row.CreatedAt.UTC()}, nil
}

// Hanging lists requests reserved before a moment and not recorded yet, oldest first.
func (s *Service) Hanging(_ context.Context, q pg.Q, before time.Time, limit int) ([]Hanging, error) {
	var rows []requestRow
	if err := q.Gorm().Where("state = ? AND created_at < ?", RequestReserved, before).Order("created_at, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Hanging, 0, len(rows))
	for _, r := range rows {
		a, err := loadAuthorisation(q, "id = ?", r.AuthorisationID)
		if err != nil {
			return nil, err
		}
		out = append(out, Hanging{RequestID: r.ID, OrderID: r.OrderID, OrderNo: a.Object.Order, CreatedAt: r.CreatedAt.UTC()})
	}
	return out, nil
}

func loadRequest(q pg.Q, id uuid.UUID) (requestRow, cert.Request, error) {
	var rows []requestRow
	if err := q.Gorm().Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return requestRow{}, cert.Request{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return requestRow{}, cert.Request{}, fault.New(fault.NotFound, "request_unknown", nil)
	}
	r, err := cert.ParseRequest(rows[0].Canonical)
	return rows[0], r, err
}
