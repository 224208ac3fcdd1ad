package matching

import (
	"slices"
	"strings"
	"time"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/seal"
	"caconsole/rbac"
	"caconsole/reconcile/match"
	"caconsole/ui/page"
)

// Work is the middle and the right of the bench: one credit, its candidates, and what confirming would do.
type Work struct {
	Credit     Credit
	Open       bool // a credit is selected
	Remark     []Part
	Candidates []Candidate
	Order      string // of the candidate that is asked for
	Typed      string // in the search for an order that is no candidate
	NotFound   string // why the typed order is no candidate
	Chosen     Candidate
	HasChosen  bool
	Amount     money.Fen // what would be allocated
	Left       money.Fen // of the credit, afterwards
	Gap        money.Fen // of the order, afterwards
	Voucher    Voucher
	MayConfirm bool
	Waits      string // why it cannot be confirmed, or that it can
}

// Part is a piece of the remark; order numbers in it are marked.
type Part struct {
	Text string
	Ref  bool
}

// Candidate is an order with its reasons as chips.
type Candidate struct {
	board.Candidate
	Number   int // the digit key, 0 beyond nine
	URL      string
	Selected bool
	ByHand   bool // looked up by its number, not proposed
	Chips    []page.Chip
}

// Voucher is what the order's voucher says beside what the bank says.
type Voucher struct {
	Image string // URL of its first page; empty where there is none
	No    string
	At    time.Time
	Rows  []Compared
	Agree bool
}

// Compared is one field of voucher and line.
type Compared struct {
	Word          string
	Voucher, Line string
	Same          bool
}

// work prepares the selected credit. The best candidate is selected beforehand; nothing is ever posted by itself.
func (d Deps) work(c *page.Ctx, p place, cr Credit) (Work, error) {
	w := Work{Credit: cr, Open: true, Remark: remark(cr.Text), Order: strings.ToUpper(strings.TrimSpace(p.order))}
	rows, err := d.Board.Candidates(c.Context(), c.Actor(), cr.ID)
	if err != nil {
		return Work{}, err
	}
	for i, row := range rows {
		cand := Candidate{Candidate: row, URL: p.at(cr.ID, row.OrderNo), Chips: chips(c, row.Reasons)}
		if i < 9 {
			cand.Number = i + 1
		}
		w.Candidates = append(w.Candidates, cand)
	}
	if err := d.byHand(c, &w, p); err != nil {
		return Work{}, err
	}
	w.choose(c)
	return w, nil
}

// byHand adds an order typed by its number, if the run did not propose it.
func (d Deps) byHand(c *page.Ctx, w *Work, p place) error {
	named := func(cand Candidate) bool { return cand.OrderNo == w.Order }
	if w.Order == "" || slices.ContainsFunc(w.Candidates, named) {
		return nil
	}
	row, err := d.Board.Awaiting(c.Context(), c.Actor(), w.Order)
	if fault.HasKey(err, "receivable_none") {
		w.Typed, w.NotFound = w.Order, c.T("receivable_none", nil)
		return nil
	}
	if err != nil {
		return err
	}
	w.Typed = row.OrderNo
	w.Candidates = append(w.Candidates, Candidate{Candidate: row, URL: p.at(w.Credit.ID, row.OrderNo), ByHand: true})
	return nil
}

// choose selects the named candidate, else the first, and works out what confirming would do.
func (w *Work) choose(c *page.Ctx) {
	if len(w.Candidates) == 0 || w.NotFound != "" {
		w.Waits = c.T("matching.waits.none", nil)
		w.Left = w.Credit.Rest()
		return
	}
	at := max(0, slices.IndexFunc(w.Candidates, func(cand Candidate) bool { return cand.OrderNo == w.Order }))
	w.Candidates[at].Selected = true
	w.Chosen, w.HasChosen = w.Candidates[at], true
	w.Amount = min(w.Credit.Rest(), w.Chosen.Rest())
	w.Left, w.Gap = w.Credit.Rest()-w.Amount, w.Chosen.Rest()-w.Amount
	w.Voucher = voucherOf(c, w.Credit, w.Chosen)
	switch {
	case !c.Actor().Can(rbac.MatchingAllocate):
		w.Waits = c.T("matching.waits.permission", nil)
	case w.Chosen.ReviewedByMe:
		w.Waits = c.T("matching.waits.four_eyes", nil)
	default:
		w.Waits, w.MayConfirm = c.T("matching.waits.free", nil), true
	}
}

// chips turns reasons into chips: for, against, missing.
func chips(c *page.Ctx, reasons []board.MatchReason) []page.Chip {
	tone := map[string]string{"for": page.OK, "against": page.Bad, "missing": page.NotYet}
	out := make([]page.Chip, 0, len(reasons))
	for _, r := range reasons {
		out = append(out, page.Chip{Tone: tone[r.Weight], Word: c.T("matching.reason."+r.Key+"."+r.Weight, nil)})
	}
	return out
}

// remark cuts a remark at the order numbers in it, as far as they stand there unbroken.
func remark(text string) []Part {
	var out []Part
	for _, no := range match.References(text, order.ValidNo) {
		before, after, found := strings.Cut(text, no)
		if !found {
			continue
		}
		if before != "" {
			out = append(out, Part{Text: before})
		}
		out = append(out, Part{Text: no, Ref: true})
		text = after
	}
	if text != "" {
		out = append(out, Part{Text: text})
	}
	return out
}

// voucherOf sets what the voucher says beside what the bank says, field by field.
func voucherOf(c *page.Ctx, cr Credit, cand Candidate) Voucher {
	if cand.DocumentID == nil || cand.ClaimOn == nil {
		return Voucher{}
	}
	v := Voucher{Image: "/matching/vouchers/" + cand.DocumentID.String() + "/1", No: cand.OrderNo, Agree: true}
	if cand.ClaimAt != nil {
		v.At = *cand.ClaimAt
	}
	add := func(word, voucher, line string, same bool) {
		v.Rows = append(v.Rows, Compared{Word: c.T(word, nil), Voucher: voucher, Line: line, Same: same})
		v.Agree = v.Agree && same
	}
	add("matching.payer", cand.ClaimPayer, cr.PayerName, seal.NormCompany(cand.ClaimPayer) == seal.NormCompany(cr.PayerName))
	add("matching.amount", "¥"+cand.ClaimFen.Grouped(), "¥"+cr.AmountFen.Grouped(), cand.ClaimFen == cr.AmountFen)
	paid, booked := cand.ClaimOn.Format(time.DateOnly), cr.BookedOn.Format(time.DateOnly)
	add("matching.date", paid, booked, paid == booked)
	return v
}
