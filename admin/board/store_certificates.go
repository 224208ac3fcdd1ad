package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/pg"
)

// CertificateTab is one tab of the certificate inventory.
type CertificateTab string

// The tabs: 有效, 90 天内到期, 已到期未更新, 已更新, and the few that were revoked, held or replaced (吊销·冻结·取代).
const (
	CertificateActive   CertificateTab = "active"
	CertificateExpiring CertificateTab = "expiring"
	CertificateExpired  CertificateTab = "expired"
	CertificateRenewed  CertificateTab = "renewed"
	CertificateRevoked  CertificateTab = "revoked"
)

// CertificateTabs lists the tabs in display order.
var CertificateTabs = []CertificateTab{CertificateActive, CertificateExpiring, CertificateExpired, CertificateRenewed, CertificateRevoked}

// expiringWithin is how far 到期 looks ahead: the window in which most projects renew.
const expiringWithin = 90 * 24 * time.Hour

// CertificateFilter narrows the inventory. With one of the searched fields set the tab does not count: who looks for a
// certificate seldom knows its state.
type CertificateFilter struct {
	Tab       CertificateTab
	Serial    []string // of either certificate, lower-case hex; any of them
	Medium    string   // exact; beside serials, either of both: a number may be read as one or the other
	OrgNumber string   // exact
	Holder    string   // part of the holder's name, two characters or more
	After     string   // key of the page
	Limit     int      // rows a page, 20 unless set
}

// searched reports whether the filter looks for something.
func (f CertificateFilter) searched() bool {
	return len(f.Serial) > 0 || f.Medium != "" || f.OrgNumber != "" || f.Holder != ""
}

// CertificateLine is one pair of the inventory.
type CertificateLine struct {
	ID         uuid.UUID // of the sign certificate
	PairID     uuid.UUID
	Project    string
	Holder     string
	OrgNumber  string
	MediumNo   string
	Algorithm  string
	SignSerial string
	EncSerial  string // "" where there is none
	NotBefore  time.Time
	NotAfter   time.Time
	State      string
	Successor  string // sign serial, "" without one
}

// certificateNames is where a holder's name stands.
var certificateNames = names{
	table: "certificate", alias: "c", columns: []string{"holder"}, at: "not_after", unsorted: "c.not_after + interval '0'", only: "kind = 'sign'",
	scope: "e.project_id",
}

// Certificates lists pairs: a tab by their end, the next to come first where it is still to come, else the last; what is
// searched for by its end, the latest first.
func (b *Board) Certificates(ctx context.Context, a actor.Actor, f CertificateFilter) (Page[CertificateLine], error) {
	after, err := decodeCursor(f.After)
	if err != nil {
		return Page[CertificateLine]{}, err
	}
	limit := pageSize(f.Limit)
	var rows []CertificateLine
	if f.searched() {
		rows, err = b.searchedCertificates(ctx, a, f, after, limit+1)
	} else {
		rows, err = b.tabCertificates(ctx, a, f.Tab, after, limit+1)
	}
	if err != nil {
		return Page[CertificateLine]{}, err
	}
	page := Page[CertificateLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		last := page.Rows[limit-1]
		key := cursor{last.NotAfter, last.ID}
		if !f.searched() {
			key.ID = last.PairID
		}
		page.Next = key.encode()
	}
	return page, nil
}

// tabCertificates reads the states of a page first, and only then the certificates that belong to them.
func (b *Board) tabCertificates(ctx context.Context, a actor.Actor, tab CertificateTab, after cursor, limit int) ([]CertificateLine, error) {
	sort, compare := "s.not_after DESC, s.pair_id DESC", "(s.not_after, s.pair_id) < (?, ?)"
	if tab == CertificateActive || tab == CertificateExpiring {
		sort, compare = "s.not_after, s.pair_id", "(s.not_after, s.pair_id) > (?, ?)"
	}
	q := b.certificateTab(scoped(b.db.ReadOnly(ctx).Gorm().Table("certificate_state s"), a, "s.project_id"), tab)
	if !after.At.IsZero() {
		q = q.Where(compare, after.At, after.ID)
	}
	states := q.Select("s.pair_id, s.state, s.successor, s.not_after").Order(sort).Limit(limit)
	return b.certificateLines(ctx, states, sort)
}

// searchedCertificates finds the sign certificates first.
func (b *Board) searchedCertificates(ctx context.Context, a actor.Actor, f CertificateFilter, after cursor, limit int) ([]CertificateLine, error) {
	return find(b.db.ReadOnly(ctx).Gorm(), certificateNames, a, f.Holder, after.At, limit, func(narrow narrowing) ([]CertificateLine, error) {
		q := narrow.where(scoped(b.db.ReadOnly(ctx).Gorm().Table("certificate c"), a, "c.project_id").Where("c.kind = 'sign'"))
		if len(f.Serial) > 0 || f.Medium != "" {
			q = q.Where("c.pair_id = ANY (ARRAY(SELECT pair_id FROM certificate WHERE serial IN ? UNION SELECT pair_id FROM certificate WHERE medium_no = ?))",
				append(f.Serial, ""), f.Medium)
		}
		if f.OrgNumber != "" {
			q = q.Where("c.org_id_number = ?", f.OrgNumber)
		}
		if !after.At.IsZero() {
			q = q.Where("(c.not_after, c.id) < (?, ?)", after.At, after.ID)
		}
		found := b.db.ReadOnly(ctx).Gorm().Table("(?) f", q.Select("c.pair_id, c.id, c.not_after").Order(narrow.sort).Limit(limit)).
			Joins("JOIN certificate_state s ON s.pair_id = f.pair_id").Select("s.pair_id, s.state, s.successor, s.not_after")
		return b.certificateLines(ctx, found, "c.not_after DESC, c.id DESC")
	})
}

func (b *Board) certificateLines(ctx context.Context, states *gorm.DB, sort string) ([]CertificateLine, error) {
	var rows []CertificateLine
	err := b.db.ReadOnly(ctx).Gorm().Table("(?) s", states).
		Joins("JOIN certificate c ON c.pair_id = s.pair_id AND c.kind = 'sign'").
		Joins("JOIN project p ON p.id = c.project_id").
		Joins("LEFT JOIN certificate e ON e.pair_id = s.pair_id AND e.kind = 'enc'").
		Joins("LEFT JOIN certificate n ON n.pair_id = s.successor AND n.kind = 'sign'").
		Select(`c.id, s.pair_id, p.name AS project, c.holder, c.org_id_number AS org_number, c.medium_no, c.algorithm,
		c.serial AS sign_serial, coalesce(e.serial, '') AS enc_serial, c.not_before, c.not_after, s.state, coalesce(n.serial, '') AS successor`).
		Order(sort).Scan(&rows).Error
	return rows, pg.Fault(err)
}

func (b *Board) certificateTab(q *gorm.DB, tab CertificateTab) *gorm.DB {
	now := b.now()
	switch tab {
	case CertificateExpiring:
		return q.Where("s.state = 'active' AND s.not_after >= ? AND s.not_after < ?", now, now.Add(expiringWithin))
	case CertificateExpired:
		return q.Where("s.state = 'active' AND s.not_after < ?", now)
	case CertificateRenewed:
		return q.Where("s.state = 'renewed'")
	case CertificateRevoked:
		return q.Where("s.state IN ('revoked', 'held', 'superseded')")
	case CertificateActive:
	}
	return q.Where("s.state = 'active' AND s.not_after >= ?", now)
}

// CertificateCounts counts every tab, each capped.
func (b *Board) CertificateCounts(ctx context.Context, a actor.Actor) (map[CertificateTab]Count, error) {
	return countTabs(ctx, b, CertificateTabs, func(q *gorm.DB, t CertificateTab) *gorm.DB {
		return b.certificateTab(scoped(q.Table("certificate_state s"), a, "s.project_id"), t)
	})
}

// Generation is one pair in the life of a certificate, with how it came about; what an earlier system made has neither
// order nor people.
type Generation struct {
	PairID     uuid.UUID
	SignSerial string
	NotBefore  time.Time
	NotAfter   time.Time
	State      string
	OrderNo    string
	Path       string
	RequestID  *uuid.UUID
	SignerSeq  *int64     // record in the signer's journal
	RecordedAt *time.Time // when the pair was stored
	Reviewer   string
	ReviewerNo string
	Issuer     string
	IssuerNo   string
}

// Generations lists the pairs a certificate came from and those that came of it, the newest first.
func (b *Board) Generations(ctx context.Context, a actor.Actor, pair uuid.UUID) ([]Generation, error) {
	var rows []Generation
	const family = `WITH RECURSIVE back AS (
		SELECT pair_id, successor, 1 AS n FROM certificate_state WHERE pair_id = @pair
		UNION ALL SELECT s.pair_id, s.successor, n + 1 FROM certificate_state s JOIN back b ON s.successor = b.pair_id WHERE n < 40
	), fore AS (
		SELECT pair_id, successor, 1 AS n FROM certificate_state WHERE pair_id = @pair
		UNION ALL SELECT s.pair_id, s.successor, n + 1 FROM certificate_state s JOIN fore f ON s.pair_id = f.successor WHERE n < 40
	) SELECT pair_id FROM back UNION SELECT pair_id FROM fore`
	q := scoped(b.db.ReadOnly(ctx).Gorm().Table("certificate c"), a, "c.project_id").
		Where("c.kind = 'sign' AND c.pair_id IN ("+family+")", map[string]any{"pair": pair}).
		Joins("JOIN certificate_state s ON s.pair_id = c.pair_id").
		Joins("LEFT JOIN issuance_request r ON r.new_pair_id = c.pair_id").
		Joins("LEFT JOIN orders o ON o.id = r.order_id")
	for _, duty := range []struct{ alias, duty string }{{"rev", "review"}, {"iss", "issue"}} {
		q = q.Joins("LEFT JOIN LATERAL (SELECT st.name, st.no FROM order_duty d JOIN staff st ON st.id = d.staff_id WHERE d.order_id = o.id AND d.duty = ? LIMIT 1) "+duty.alias+" ON true", duty.duty)
	}
	err := q.Select(`c.pair_id, c.serial AS sign_serial, c.not_before, c.not_after, s.state, coalesce(o.no, '') AS order_no, coalesce(o.path, '') AS path,
		r.id AS request_id, r.signer_seq, CASE WHEN r.id IS NULL THEN NULL ELSE c.created_at END AS recorded_at,
		coalesce(rev.name, '') AS reviewer, coalesce(rev.no, '') AS reviewer_no, coalesce(iss.name, '') AS issuer, coalesce(iss.no, '') AS issuer_no`).
		Order("c.not_after DESC, c.id DESC").Scan(&rows).Error
	return rows, pg.Fault(err)
}
