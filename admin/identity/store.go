package identity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Places of sealed values.
const (
	nameField   = "identity_attempt.name"
	idField     = "identity_attempt.id"
	tokenField  = "identity_attempt.token"
	urlField    = "identity_attempt.url"
	resultField = "identity_attempt.result"
)

// Identities is the store of tries and checks.
type Identities struct {
	vault seal.Vault
	now   func() time.Time
}

// New makes the store; pictures lie in the vault, fields are sealed by its ring.
func New(vault seal.Vault, now func() time.Time) *Identities {
	return &Identities{vault: vault, now: now}
}

type row struct {
	ID             uuid.UUID `gorm:"primaryKey"`
	OrderID        uuid.UUID
	ProjectID      uuid.UUID
	Number         int
	Vendor         string
	State          State
	NameSealed     []byte
	IDSealed       []byte
	TokenSealed    []byte
	TokenIndex     []byte
	URLSealed      []byte
	ThresholdCenti int
	ScoreCenti     *int
	Live           *bool
	Compared       *bool
	Library        string
	VendorCode     string
	Reason         string
	Warnings       []byte `gorm:"type:jsonb"`
	ResultSealed   []byte
	ExpiresAt      time.Time
	CreatedAt      time.Time
	FinishedAt     *time.Time
}

// TableName tells gorm the table.
func (row) TableName() string { return "identity_attempt" }

func (r row) attempt() Attempt {
	a := Attempt{
		ID: r.ID, OrderID: r.OrderID, ProjectID: r.ProjectID, Number: r.Number, Vendor: r.Vendor, State: r.State,
		Threshold: r.ThresholdCenti, Score: -1, Library: r.Library, VendorCode: r.VendorCode, Reason: r.Reason,
		ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt,
	}
	if r.ScoreCenti != nil {
		a.Score = *r.ScoreCenti
	}
	a.Live, a.Compared = r.Live != nil && *r.Live, r.Compared != nil && *r.Compared
	if r.FinishedAt != nil {
		a.FinishedAt = *r.FinishedAt
	}
	_ = json.Unmarshal(r.Warnings, &a.Warnings) // written by Finish from a list of texts
	return a
}

// Start is what begins a try.
type Start struct {
	OrderID   uuid.UUID
	ProjectID uuid.UUID
	Vendor    string
	Person    Person
	Threshold int           // hundredths
	PerDay    int           // tries of an order on a Beijing day
	TTL       time.Duration // life of the link
}

// Begin stores the intent of a try, or returns the one that is still open for the same order. The caller holds the
// order's row lock. Limited "identity_tries_used" once the day's tries are used up.
func (i *Identities) Begin(ctx context.Context, tx pg.Tx, s Start) (Attempt, error) {
	now := i.now()
	last, err := i.Latest(ctx, tx, s.OrderID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Attempt{}, err
	}
	if err == nil && (last.State == Begun || last.State == Pending) && now.Before(last.ExpiresAt) {
		return last, nil
	}
	day := beijingDay(now)
	var today int64
	if err := tx.Gorm().Model(&row{}).Where("order_id = ? AND created_at >= ?", s.OrderID, day).Count(&today).Error; err != nil {
		return Attempt{}, pg.Fault(err)
	}
	if int(today) >= s.PerDay {
		return Attempt{}, &fault.Error{
			Kind: fault.Limited, Key: "identity_tries_used", Args: fault.Args{"tries": s.PerDay}, RetryAfter: day.Add(24 * time.Hour).Sub(now),
		}
	}
	r, err := i.newRow(s, last.Number+1, now)
	if err != nil {
		return Attempt{}, err
	}
	return r.attempt(), pg.Fault(tx.Gorm().Create(&r).Error)
}

func (i *Identities) newRow(s Start, number int, now time.Time) (row, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return row{}, fault.Wrap("identity_id", err)
	}
	r := row{
		ID: id, OrderID: s.OrderID, ProjectID: s.ProjectID, Number: number, Vendor: s.Vendor, State: Begun,
		ThresholdCenti: s.Threshold, Warnings: []byte("[]"), ExpiresAt: now.Add(s.TTL), CreatedAt: now,
	}
	if r.NameSealed, err = i.vault.Ring.Seal(nameField, id, s.Person.Name.Reveal()); err != nil {
		return row{}, err
	}
	r.IDSealed, err = i.vault.Ring.Seal(idField, id, s.Person.IDNumber.Reveal())
	return r, err
}

// beijingDay is the first moment of the Beijing day of t.
func beijingDay(t time.Time) time.Time {
	b := t.In(time.FixedZone("CST", 8*3600))
	return time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, b.Location())
}

// Started stores what the vendor answered to a try that began. A try that has been started already keeps its first session.
func (i *Identities) Started(ctx context.Context, tx pg.Tx, id uuid.UUID, s Session) (Attempt, error) {
	token, err := i.vault.Ring.Seal(tokenField, id, s.Token)
	if err != nil {
		return Attempt{}, err
	}
	link, err := i.vault.Ring.Seal(urlField, id, s.URL)
	if err != nil {
		return Attempt{}, err
	}
	res := tx.Gorm().Model(&row{}).Where("id = ? AND state = ?", id, Begun).Updates(map[string]any{
		"state": Pending, "token_sealed": token, "token_index": i.vault.Ring.Index(tokenField, s.Token), "url_sealed": link,
	})
	if res.Error != nil {
		return Attempt{}, pg.Fault(res.Error)
	}
	return i.Get(ctx, tx, id)
}

// Get returns a try. NotFound "identity_unknown".
func (i *Identities) Get(_ context.Context, q pg.Q, id uuid.UUID) (Attempt, error) {
	r, err := find(q, "id = ?", id)
	return r.attempt(), err
}

// Latest returns an order's last try. NotFound "identity_unknown" before the first.
func (i *Identities) Latest(_ context.Context, q pg.Q, orderID uuid.UUID) (Attempt, error) {
	r, err := find(q, "order_id = ?", orderID)
	return r.attempt(), err
}

// ByToken returns the try with a vendor's token. NotFound "identity_unknown".
func (i *Identities) ByToken(_ context.Context, q pg.Q, token string) (Attempt, error) {
	r, err := find(q, "token_index = ?", i.vault.Ring.Index(tokenField, token))
	return r.attempt(), err
}

// List returns the tries of an order, newest first.
func (i *Identities) List(_ context.Context, q pg.Q, orderID uuid.UUID) ([]Attempt, error) {
	var rows []row
	if err := q.Gorm().Where("order_id = ?", orderID).Order("number DESC").Limit(50).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Attempt, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.attempt())
	}
	return out, nil
}

// Open lists tries that wait for a result since before a moment, for the sweep.
func (i *Identities) Open(_ context.Context, q pg.Q, before time.Time, limit int) ([]Attempt, error) {
	var rows []row
	err := q.Gorm().Where("state IN ('begun', 'pending') AND created_at < ?", before).Order("created_at, id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Attempt, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.attempt())
	}
	return out, nil
}

// Session opens the vendor's token and link of a pending try. Conflict "identity_not_started" before the vendor answered.
func (i *Identities) Session(_ context.Context, q pg.Q, id uuid.UUID) (Session, error) {
	r, err := find(q, "id = ?", id)
	if err != nil {
		return Session{}, err
	}
	if r.TokenSealed == nil {
		return Session{}, fault.New(fault.Conflict, "identity_not_started", nil)
	}
	token, err := i.vault.Ring.Open(tokenField, id, r.TokenSealed)
	if err != nil {
		return Session{}, err
	}
	link, err := i.vault.Ring.Open(urlField, id, r.URLSealed)
	return Session{Token: token, URL: link}, err
}

func find(q pg.Q, where string, args ...any) (row, error) {
	var r row
	if err := q.Gorm().Where(where, args...).Order("number DESC").Take(&r).Error; err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return row{}, fault.New(fault.NotFound, "identity_unknown", nil)
		}
		return row{}, pg.Fault(err)
	}
	return r, nil
}

// Finish judges a fetched result and stores it. Finished already, the try is returned as it is: a result counts once.
func (i *Identities) Finish(ctx context.Context, tx pg.Tx, id uuid.UUID, k Kept) (Attempt, error) {
	var r row
	if err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error; err != nil {
		return Attempt{}, pg.Fault(err)
	}
	if r.State != Pending {
		return r.attempt(), nil
	}
	wanted, err := i.person(r)
	if err != nil {
		return Attempt{}, err
	}
	state, reason := judge(k.Result, wanted, r.ThresholdCenti)
	warnings, err := json.Marshal(append([]string{}, k.Warnings...))
	if err != nil {
		return Attempt{}, fault.Wrap("identity_result", err)
	}
	raw, err := i.vault.Ring.SealBytes(resultField, id, k.Raw)
	if err != nil {
		return Attempt{}, err
	}
	err = tx.Gorm().Model(&row{}).Where("id = ?", id).Updates(map[string]any{
		"state": state, "reason": reason, "score_centi": k.Score, "live": k.Live, "compared": k.Compared, "library": k.Library,
		"vendor_code": k.Code, "warnings": warnings, "result_sealed": raw, "finished_at": i.now(),
	}).Error
	if err != nil {
		return Attempt{}, pg.Fault(err)
	}
	for which, o := range k.objects {
		err := tx.Gorm().Create(&imageRow{id, which, o.Key, o.SM3, o.Size, o.DataKey, i.now()}).Error
		if err != nil {
			return Attempt{}, pg.Fault(err)
		}
	}
	return i.Get(ctx, tx, id)
}

// Expire ends a try whose link has run out without a result.
func (i *Identities) Expire(ctx context.Context, tx pg.Tx, id uuid.UUID) (Attempt, error) {
	err := tx.Gorm().Model(&row{}).Where("id = ? AND state IN ('begun', 'pending')", id).
		Updates(map[string]any{"state": Expired, "finished_at": i.now()}).Error
	if err != nil {
		return Attempt{}, pg.Fault(err)
	}
	return i.Get(ctx, tx, id)
}

func (i *Identities) person(r row) (Person, error) {
	name, err := i.vault.Ring.Open(nameField, r.ID, r.NameSealed)
	if err != nil {
		return Person{}, err
	}
	number, err := i.vault.Ring.Open(idField, r.ID, r.IDSealed)
	return Person{Name: seal.Secret(name), IDNumber: seal.Secret(number)}, err
}
