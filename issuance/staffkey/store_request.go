package staffkey

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type challengeRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	StaffID   uuid.UUID
	SessionID uuid.UUID
	Kind      string
	Data      []byte
	ExpiresAt time.Time
}

// TableName tells gorm the table.
func (challengeRow) TableName() string { return "staff_key_challenge" }

type requestRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	StaffID      uuid.UUID
	Kind         string
	PublicKey    []byte
	KeyID        []byte
	CredentialID []byte
	Proof        []byte
	State        string
	Reason       string
	CreatedAt    time.Time
	EndedBy      *uuid.UUID
	EndedAt      *time.Time
	SeenAt       *time.Time
}

// TableName tells gorm the table.
func (requestRow) TableName() string { return "staff_key_request" }

func (r requestRow) request() Request {
	out := Request{
		ID: r.ID, StaffID: r.StaffID, Kind: r.Kind, Public: r.PublicKey, Credential: r.CredentialID, State: r.State, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.EndedAt != nil {
		out.EndedAt = r.EndedAt.UTC()
	}
	return out
}

// AskUkey makes what a person's Ukey is to sign to show itself: it names the person, the session and a number of ours.
func (k *Keys) AskUkey(_ context.Context, tx pg.Tx, p Person) (Challenge, error) {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	message := ukeyMessage(p, nonce)
	id, err := k.ask(tx, p, cert.KindSM2, message)
	return Challenge{ID: id, Message: message}, err
}

// AskPasskey makes what a person's browser is to create a passkey by. known are the person's passkeys, none of which
// is made again.
func (k *Keys) AskPasskey(_ context.Context, tx pg.Tx, p Person, party cert.RelyingParty, known [][]byte) (Challenge, error) {
	options, session, err := creation(p, party, known)
	if err != nil {
		return Challenge{}, err
	}
	id, err := k.ask(tx, p, cert.KindWebAuthn, session)
	return Challenge{ID: id, Options: options}, err
}

func (k *Keys) ask(tx pg.Tx, p Person, kind string, data []byte) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return id, fault.Wrap("random_unavailable", err)
	}
	row := challengeRow{ID: id, StaffID: p.ID, SessionID: p.Session, Kind: kind, Data: data, ExpiresAt: k.now().Add(challengeLife)}
	return id, pg.Fault(tx.Gorm().Create(&row).Error)
}

// Take takes a challenge away and returns its data. Commit before the answer is looked at: a wrong answer uses the
// challenge up as well. Fails with Conflict "key_challenge_used" where there is none of this person, session and kind,
// or none in time.
func (k *Keys) Take(_ context.Context, tx pg.Tx, p Person, id uuid.UUID, kind string) ([]byte, error) {
	var row challengeRow
	res := tx.Gorm().Raw(`DELETE FROM staff_key_challenge WHERE id = ? AND staff_id = ? AND session_id = ? AND kind = ? RETURNING *`, id, p.ID, p.Session, kind).Scan(&row)
	if res.Error != nil {
		return nil, pg.Fault(res.Error)
	}
	if res.RowsAffected == 0 || !k.now().Before(row.ExpiresAt) {
		return nil, fault.New(fault.Conflict, "key_challenge_used", nil)
	}
	return row.Data, nil
}

// Forget removes challenges that nobody answered in time.
func (k *Keys) Forget(_ context.Context, tx pg.Tx) error {
	return pg.Fault(tx.Gorm().Exec(`DELETE FROM staff_key_challenge WHERE expires_at < ?`, k.now()).Error)
}

// Add stores a request. Fails with Conflict "key_requested".
func (k *Keys) Add(_ context.Context, tx pg.Tx, p Person, s Shown) (Request, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Request{}, fault.Wrap("random_unavailable", err)
	}
	sum := cert.SM3(s.Public)
	row := requestRow{
		ID: id, StaffID: p.ID, Kind: s.Kind, PublicKey: s.Public, KeyID: sum[:], CredentialID: s.Credential, Proof: s.Proof, State: Open, CreatedAt: k.now(),
	}
	return row.request(), pg.Fault(tx.Gorm().Create(&row).Error)
}

// OpenRequests lists what waits for the key officers, oldest first, at most limit.
func (k *Keys) OpenRequests(_ context.Context, q pg.Q, limit int) ([]Request, error) {
	return requests(q.Gorm().Where("state = ?", Open).Order("created_at, id").Limit(limit))
}

// RequestsOf lists a person's requests, newest first, at most limit.
func (k *Keys) RequestsOf(_ context.Context, q pg.Q, staffID uuid.UUID, limit int) ([]Request, error) {
	return requests(q.Gorm().Where("staff_id = ?", staffID).Order("created_at DESC, id DESC").Limit(limit))
}

func requests(find *gorm.DB) ([]Request, error) {
	var rows []requestRow
	if err := find.Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Request, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.request())
	}
	return out, nil
}

// Requested returns one request. Fails with NotFound "key_request_unknown".
func (k *Keys) Requested(_ context.Context, q pg.Q, id uuid.UUID) (Request, error) {
	found, err := requests(q.Gorm().Where("id = ?", id))
	if err != nil {
		return Request{}, err
	}
	if len(found) == 0 {
		return Request{}, fault.New(fault.NotFound, "key_request_unknown", nil)
	}
	return found[0], nil
}

// End refuses or withdraws an open request. Fails with Conflict "key_request_ended".
func (k *Keys) End(_ context.Context, tx pg.Tx, id, by uuid.UUID, state, reason string) error {
	res := tx.Gorm().Model(&requestRow{}).Where("id = ? AND state = ?", id, Open).
		Updates(map[string]any{"state": state, "reason": reason, "ended_by": by, "ended_at": k.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "key_request_ended", nil)
	}
	return pg.Fault(res.Error)
}

// Enrol closes the open requests whose keys are in a registry and returns them.
func (k *Keys) Enrol(ctx context.Context, tx pg.Tx, r cert.Registry) ([]Request, error) {
	waiting, err := k.OpenRequests(ctx, tx, manyRequests)
	if err != nil {
		return nil, err
	}
	counted := map[string]bool{}
	for _, key := range r.Keys {
		counted[key.ID()] = true
	}
	var out []Request
	for _, w := range waiting {
		if !counted[w.KeyID()] {
			continue
		}
		res := tx.Gorm().Model(&requestRow{}).Where("id = ? AND state = ?", w.ID, Open).Updates(map[string]any{"state": Enrolled, "ended_at": k.now()})
		if res.Error != nil {
			return nil, pg.Fault(res.Error)
		}
		out = append(out, w)
	}
	return out, nil
}

// manyRequests bounds a list that people look through.
const manyRequests = 500

// News counts how many of a person's requests ended without them having seen it. What they withdrew is no news.
func (k *Keys) News(_ context.Context, q pg.Q, staffID uuid.UUID) (int, error) {
	var n int64
	err := q.Gorm().Model(&requestRow{}).Where("staff_id = ? AND state IN ? AND seen_at IS NULL", staffID, []string{Enrolled, Refused}).Count(&n).Error
	return int(n), pg.Fault(err)
}

// Seen notes that a person saw how their requests ended.
func (k *Keys) Seen(_ context.Context, tx pg.Tx, staffID uuid.UUID) error {
	return pg.Fault(tx.Gorm().Model(&requestRow{}).Where("staff_id = ? AND state <> ? AND seen_at IS NULL", staffID, Open).Update("seen_at", k.now()).Error)
}
