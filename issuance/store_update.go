package issuance

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
	"caconsole/issuance/delivery"
)

type updateRow struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	OrderID         uuid.UUID
	AuthorisationID uuid.UUID
	Kind            string
	Nonce           string
	CSR             []byte `gorm:"column:csr"` // DER, where the driver brought one
	TokenSM3        []byte `gorm:"column:token_sm3"`
	ProvedAt        *time.Time
	ExpiresAt       time.Time
	CreatedAt       time.Time
}

// TableName tells gorm the table.
func (updateRow) TableName() string { return "update_session" }

type stepRow struct {
	RequestID uuid.UUID `gorm:"primaryKey"`
	Step      string    `gorm:"primaryKey"`
	At        time.Time
}

// TableName tells gorm the table.
func (stepRow) TableName() string { return "update_step" }

// StartUpdate opens a session for a Ukey by the serial of the certificate in it: the old one, or already the new one
// where another PC stopped half-way. csr (DER) is what the driver brought, or nil. Fails like Find, with Conflict "already_updated", and with Conflict "update_none"
// where nothing is authorised for it: flow then tells from the order how far it is.
func (s *Service) StartUpdate(ctx context.Context, tx pg.Tx, serial string, csr []byte) (Update, error) {
	p, err := s.Find(ctx, tx, actor.Job("driver"), serial)
	if err != nil {
		return Update{}, err
	}
	a, err := s.authorisationOf(tx, p.ID)
	if err != nil {
		return Update{}, err
	}
	return s.openSession(tx, a, KindCollect, csr)
}

// openSession stores a session that waits for the Ukey's signature.
func (s *Service) openSession(tx pg.Tx, a Authorisation, kind string, csr []byte) (Update, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Update{}, fault.Wrap("random_unavailable", err)
	}
	nonce, err := s.secret(16)
	if err != nil {
		return Update{}, err
	}
	row := updateRow{
		ID: id, OrderID: a.OrderID, AuthorisationID: a.ID, Kind: kind, Nonce: hex.EncodeToString(nonce), CSR: csr,
		ExpiresAt: s.now().Add(proveWithin), CreatedAt: s.now(),
	}
	u, err := s.view(tx, row)
	if err != nil {
		return Update{}, err
	}
	if err := notRevoked(tx, u.OldPair, u.NewPair); err != nil {
		return Update{}, err
	}
	if u.State == StateConfirmed {
		return Update{}, fault.New(fault.Conflict, "already_updated", nil)
	}
	return u, pg.Fault(tx.Gorm().Create(&row).Error)
}

// authorisationOf finds the renewal a pair takes part in, as the old pair or, not yet confirmed, as the new one.
func (s *Service) authorisationOf(q pg.Q, pair uuid.UUID) (Authorisation, error) {
	a, err := loadAuthorisation(q, "old_pair_id = ? AND state <> ?", pair, AuthorisationVoid)
	if !fault.HasKey(err, "authorisation_missing") {
		return a, err
	}
	var made []requestRow
	if err := q.Gorm().Where("new_pair_id = ?", pair).Limit(1).Find(&made).Error; err != nil {
		return Authorisation{}, pg.Fault(err)
	}
	if len(made) == 0 {
		return Authorisation{}, fault.New(fault.Conflict, "update_none", nil)
	}
	return loadAuthorisation(q, "id = ?", made[0].AuthorisationID)
}

// Prove takes the signature of the Ukey's old sign key over ToSign (SM2-SM3, default ID, DER) and gives the token for
// the rest of the session. In a session of kind renew the signature is kept: it is the authorisation, for Reserve. Fails
// with Forbidden "signature_wrong", NotFound "update_unknown", Conflict "update_expired", "update_proved" (the answer
// was lost: start another session) or "update_void".
func (s *Service) Prove(_ context.Context, tx pg.Tx, id uuid.UUID, signature []byte) (string, Update, error) {
	row, err := loadUpdate(lockedQ{tx}, id)
	if err != nil {
		return "", Update{}, err
	}
	now := s.now()
	switch {
	case row.ProvedAt != nil:
		return "", Update{}, fault.New(fault.Conflict, "update_proved", nil)
	case now.After(row.ExpiresAt):
		return "", Update{}, fault.New(fault.Conflict, "update_expired", nil)
	}
	u, err := s.view(tx, row)
	if err != nil {
		return "", Update{}, err
	}
	old, err := load(tx, u.OldPair)
	if err != nil {
		return "", Update{}, err
	}
	key, err := signKey(old.Sign.DER)
	if err != nil {
		return "", Update{}, err
	}
	if err := cert.VerifyProof(key, []byte(u.ToSign), signature); err != nil {
		return "", Update{}, err
	}
	if err := s.keepProof(tx, row, signature); err != nil {
		return "", Update{}, err
	}
	secret, err := s.secret(32)
	if err != nil {
		return "", Update{}, err
	}
	token := base64.RawURLEncoding.EncodeToString(secret)
	sum := cert.SM3([]byte(token))
	u.Proved, u.ExpiresAt = true, now.Add(collectWithin)
	return token, u, pg.Fault(tx.Gorm().Model(&updateRow{}).Where("id = ?", id).
		Updates(map[string]any{"token_sm3": sum[:], "proved_at": now, "expires_at": u.ExpiresAt}).Error)
}

// Session returns a proved session by its token. Fails with Unauthenticated "update_token_wrong", also after it ran
// out, NotFound "update_unknown", and Conflict "update_void" where nothing will come of it: start another session;
// "revoked" where the new pair was revoked meanwhile.
func (s *Service) Session(_ context.Context, q pg.Q, id uuid.UUID, token string) (Update, error) {
	row, err := loadUpdate(q, id)
	if err != nil {
		return Update{}, err
	}
	sum := cert.SM3([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], row.TokenSM3) != 1 || s.now().After(row.ExpiresAt) {
		return Update{}, fault.New(fault.Unauthenticated, "update_token_wrong", nil)
	}
	u, err := s.view(q, row)
	if err == nil && u.void {
		return Update{}, updateVoid()
	}
	if err == nil {
		err = notRevoked(q, u.NewPair)
	}
	return u, err
}

// notRevoked: a Ukey whose pair was revoked opens no session, and a new pair that was revoked is not handed out. Fails
// with Conflict "revoked".
func notRevoked(q pg.Q, pairs ...uuid.UUID) error {
	var barred []uuid.UUID
	err := q.Gorm().Model(&stateRow{}).Where("pair_id IN ? AND state IN ?", pairs, []State{Revoked, Held}).Pluck("pair_id", &barred).Error
	if err == nil && len(barred) > 0 {
		return fault.New(fault.Conflict, "revoked", nil)
	}
	return pg.Fault(err)
}

// Package returns what the driver imports. Fails like Session, and with Conflict "update_not_ready" while the pair is
// not recorded.
func (s *Service) Package(ctx context.Context, q pg.Q, id uuid.UUID, token string) (Package, error) {
	u, err := s.Session(ctx, q, id, token)
	if err != nil {
		return Package{}, err
	}
	if u.NewPair == uuid.Nil {
		return Package{}, fault.New(fault.Conflict, "update_not_ready", nil)
	}
	p, err := load(q, u.NewPair)
	if err != nil {
		return Package{}, err
	}
	by, err := s.issuerOf(ctx, q, p)
	if err != nil {
		return Package{}, err
	}
	made, r, err := madeBy(q, p.ID)
	if err != nil {
		return Package{}, err
	}
	response, err := s.response(ctx, q, p, by, made, r)
	return newPackage(p, by, response), err
}

// madeBy returns the request that led to a pair.
func madeBy(q pg.Q, pair uuid.UUID) (requestRow, cert.Request, error) {
	var row requestRow
	if err := q.Gorm().Take(&row, "new_pair_id = ?", pair).Error; err != nil {
		return row, cert.Request{}, pg.Fault(err)
	}
	r, err := cert.ParseRequest(row.Canonical)
	return row, r, err
}

// response is the answer to the CSR a pair was made for; nil where its keys were kept.
func (s *Service) response(ctx context.Context, q pg.Q, p Pair, by Authority, made requestRow, r cert.Request) ([]byte, error) {
	a, err := loadAuthorisation(q, "id = ?", made.AuthorisationID)
	if err != nil || a.Object.Keys != cert.CSRKeys {
		return nil, err
	}
	var envelope []byte
	if r.KMC != "" {
		key, err := s.KeyAnswer(ctx, q, made.ID)
		if err != nil {
			return nil, err
		}
		envelope = key.Evidence.EnvelopeDER()
	}
	return delivery.CSRResponse(p.DER(), envelope, by.Profile.CSRResponse)
}

// issuerOf returns the authority a pair came from, which may not be the current one any more.
func (s *Service) issuerOf(_ context.Context, q pg.Q, p Pair) (Authority, error) {
	var rows []authorityRow
	if err := q.Gorm().Order("created_at DESC").Find(&rows).Error; err != nil {
		return Authority{}, pg.Fault(err)
	}
	for _, r := range rows {
		if issuedBy(p.Sign.DER, r.CADER) {
			return authority(q, "sm3 = ?", r.SM3)
		}
	}
	return Authority{}, fault.New(fault.Internal, "signer_unknown", nil)
}

// Confirm notes that the Ukey holds one more piece; the same step again changes nothing. After the last step the old
// pair is marked renewed and the State is StateConfirmed. Fails like Package, with Invalid on the field "step" for one
// that this import does not have, and with Conflict "step_out_of_order" for one before those that come first.
func (s *Service) Confirm(ctx context.Context, tx pg.Tx, id uuid.UUID, token, step string) (Update, error) {
	u, err := s.Session(ctx, tx, id, token)
	if err != nil {
		return Update{}, err
	}
	if !slices.Contains([]string{StepSign, StepKey, StepEnc}, step) {
		return Update{}, fault.InvalidField("step", "step_unknown")
	}
	if u.State == StateWaiting {
		return Update{}, fault.New(fault.Conflict, "update_not_ready", nil)
	}
	made, r, err := madeBy(lockedQ{tx}, u.NewPair)
	if err != nil {
		return Update{}, err
	}
	if err := s.confirm(tx, made.ID, stepsOf(r), step); err != nil {
		return Update{}, err
	}
	if step == StepEnc {
		if err := s.renewed(tx, u.OldPair); err != nil {
			return Update{}, err
		}
	}
	return s.Session(ctx, tx, id, token)
}

// confirm stores a step behind those that must come before it.
func (s *Service) confirm(tx pg.Tx, request uuid.UUID, all []string, step string) error {
	at := slices.Index(all, step)
	if at < 0 {
		return fault.InvalidField("step", "step_unknown")
	}
	done, err := steps(tx, request)
	if err != nil {
		return err
	}
	for _, earlier := range all[:at] {
		if !slices.Contains(done, earlier) {
			return fault.New(fault.Conflict, "step_out_of_order", nil)
		}
	}
	row := stepRow{RequestID: request, Step: step, At: s.now()}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error)
}

// view fills in what follows from the authorisation, the request and the steps.
func (s *Service) view(q pg.Q, row updateRow) (Update, error) {
	a, err := loadAuthorisation(q, "id = ?", row.AuthorisationID)
	if err != nil {
		return Update{}, err
	}
	u := Update{
		ID: row.ID, OrderID: row.OrderID, OrderNo: a.Object.Order, OldPair: a.OldPair, Kind: row.Kind, CSR: len(row.CSR) > 0, State: StateWaiting,
		ToSign: string(cert.ToSignCollect(row.ID.String(), row.Nonce, row.CSR)), ExpiresAt: row.ExpiresAt.UTC(), Proved: row.ProvedAt != nil,
	}
	if row.Kind == KindRenew {
		u.ToSign, u.void = string(cert.ToSignRenew(a.Canonical, row.CSR)), a.State == AuthorisationVoid
	}
	var made []requestRow
	if err := q.Gorm().Where("authorisation_id = ? AND state = ?", a.ID, RequestRecorded).Limit(1).Find(&made).Error; err != nil {
		return Update{}, pg.Fault(err)
	}
	if len(made) == 0 {
		return u, nil
	}
	u.NewPair = *made[0].NewPairID
	done, err := steps(q, made[0].ID)
	switch {
	case slices.Contains(done, StepEnc):
		u.State = StateConfirmed
	case len(done) > 0:
		u.State = StateImporting
	default:
		u.State = StateReady
	}
	return u, err
}

func steps(q pg.Q, request uuid.UUID) ([]string, error) {
	var out []string
	err := q.Gorm().Model(&stepRow{}).Where("request_id = ?", request).Pluck("step", &out).Error
	return out, pg.Fault(err)
}

func loadUpdate(q pg.Q, id uuid.UUID) (updateRow, error) {
	var rows []updateRow
	if err := q.Gorm().Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return updateRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return updateRow{}, fault.New(fault.NotFound, "update_unknown", nil)
	}
	return rows[0], nil
}

// secret makes n random octets.
func (s *Service) secret(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.random, b)
	return b, fault.Wrap("random_unavailable", err)
}
