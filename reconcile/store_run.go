package reconcile

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/reconcile/format"
	"caconsole/reconcile/match"
)

type proposalRow struct {
	LineID       uuid.UUID `gorm:"primaryKey"`
	ReceivableID uuid.UUID `gorm:"primaryKey"`
	ProjectID    uuid.UUID
	AmountFen    money.Fen
	Auto         bool
	Score        int
	Reasons      string
	RuleVersion  string
	CreatedAt    time.Time
}

// TableName tells gorm the table.
func (proposalRow) TableName() string { return "match_proposal" }

// Run matches the whole open set of every project, writes the proposals for the workbench, and returns those that may
// be carried out without a person. It changes no money: each of them is allocated by its own use case, which checks
// again. Two runs at once write the same.
func (l *Ledger) Run(ctx context.Context) ([]Proposal, error) {
	var projects []uuid.UUID
	err := l.db.Read(ctx).Gorm().Model(&accountRow{}).Distinct("project_id").Order("project_id").Pluck("project_id", &projects).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	var auto []Proposal
	for _, p := range projects {
		of, err := l.runProject(ctx, p)
		if err != nil {
			return nil, err
		}
		auto = append(auto, of...)
	}
	return auto, nil
}

func (l *Ledger) runProject(ctx context.Context, project uuid.UUID) ([]Proposal, error) {
	set, err := l.openSet(l.db.Read(ctx), project)
	if err != nil {
		return nil, err
	}
	proposals := match.Run(set, l.valid)
	err = l.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return l.write(tx, project, proposals) })
	if err != nil {
		return nil, err
	}
	no := make(map[uuid.UUID]string, len(set.Orders))
	for _, o := range set.Orders {
		no[o.ID] = o.No
	}
	var auto []Proposal
	for _, p := range proposals {
		if p.Auto {
			auto = append(auto, Proposal{Proposal: p, OrderNo: no[p.Order], ProjectID: project})
		}
	}
	return auto, nil
}

// openSet loads what is not settled: lines with money left, receivables that still owe, and what vouchers claim.
func (l *Ledger) openSet(q pg.Q, project uuid.UUID) (match.Set, error) {
	var set match.Set
	var lines []lineRow
	err := q.Gorm().Select("bank_line.*").Joins("JOIN statement_account a ON a.id = bank_line.account_id").
		Where("a.project_id = ? AND bank_line.state = 'open'", project).Order("bank_line.id").Find(&lines).Error
	if err != nil {
		return set, pg.Fault(err)
	}
	for _, r := range lines {
		set.Lines = append(set.Lines, match.Line{
			ID: r.ID, Payer: r.PayerNorm, Text: r.Text, On: date(r.BookedOn), Open: r.AmountFen - r.AllocatedFen,
			Whole: r.AllocatedFen == 0, Plain: r.Kind == format.Transfer, Decided: r.Decided,
		})
	}
	claims, err := l.openClaims(q, project)
	if err != nil {
		return set, err
	}
	var due []receivableRow
	if err := q.Gorm().Where("project_id = ? AND state = 'open'", project).Order("id").Find(&due).Error; err != nil {
		return set, pg.Fault(err)
	}
	for _, r := range due {
		set.Orders = append(set.Orders, match.Order{
			ID: r.ID, No: r.OrderNo, Holder: r.PayerNorm, Due: r.DueFen - r.AllocatedFen, Since: date(r.Since),
			Whole: r.AllocatedFen == 0, Claims: claims[r.ID],
		})
	}
	return set, nil
}

// openClaims also loads claims of settled orders with the same image: a voucher that paid one order proves no other.
func (l *Ledger) openClaims(q pg.Q, project uuid.UUID) (map[uuid.UUID][]match.Claim, error) {
	var rows []struct {
		Claim claimRow `gorm:"embedded"`
		Used  bool
	}
	err := q.Gorm().Model(&claimRow{}).Select(`receivable_claim.*, EXISTS (SELECT 1 FROM receivable_claim o
			WHERE o.image_sm3 = receivable_claim.image_sm3 AND o.receivable_id <> receivable_claim.receivable_id) AS used`).
		Joins("JOIN receivable r ON r.id = receivable_claim.receivable_id").
		Where("r.project_id = ? AND r.state = 'open'", project).Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	claims := make(map[uuid.UUID][]match.Claim, len(rows))
	for _, r := range rows {
		c := r.Claim
		claims[c.ReceivableID] = append(claims[c.ReceivableID], match.Claim{
			Payer: c.PayerNorm, Amount: c.AmountFen, On: date(c.PaidOn), Image: hex.EncodeToString(c.ImageSM3), Shared: r.Used,
		})
	}
	return claims, nil
}

// write replaces the proposals of a project.
func (l *Ledger) write(tx pg.Tx, project uuid.UUID, proposals []match.Proposal) error {
	g := tx.Gorm()
	if err := g.Where("project_id = ?", project).Delete(&proposalRow{}).Error; err != nil {
		return pg.Fault(err)
	}
	now := l.now()
	for start := 0; start < len(proposals); start += chunk {
		var rows []proposalRow
		for _, p := range proposals[start:min(start+chunk, len(proposals))] {
			reasons, err := reasonsJSON(p.Reasons)
			if err != nil {
				return err
			}
			rows = append(rows, proposalRow{
				LineID: p.Line, ReceivableID: p.Order, ProjectID: project, AmountFen: p.Amount, Auto: p.Auto, Score: p.Score,
				Reasons: reasons, RuleVersion: match.RuleVersion, CreatedAt: now,
			})
		}
		// A run beside this one wrote the same rows from the same set.
		if err := tx.Gorm().Clauses(clause.OnConflict{UpdateAll: true}).Create(&rows).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return nil
}

func reasonsJSON(reasons []match.Reason) (string, error) {
	if reasons == nil {
		reasons = []match.Reason{}
	}
	raw, err := json.Marshal(reasons)
	return string(raw), fault.Wrap("reasons_json", err)
}

// evidence is what the last run found for a pair; none where it proposed nothing.
func (l *Ledger) evidence(q pg.Q, line, receivable uuid.UUID) (int, []match.Reason, error) {
	var rows []proposalRow
	if err := q.Gorm().Where("line_id = ? AND receivable_id = ?", line, receivable).Find(&rows).Error; err != nil {
		return 0, nil, pg.Fault(err)
	}
	if len(rows) == 0 {
		return 0, nil, nil
	}
	var reasons []match.Reason
	err := json.Unmarshal([]byte(rows[0].Reasons), &reasons)
	return rows[0].Score, reasons, fault.Wrap("reasons_json", err)
}
