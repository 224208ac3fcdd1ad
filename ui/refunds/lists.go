package refunds

import (
	"slices"
	"time"

	"caconsole/admin/board"
	"caconsole/admin/invoice"
	"caconsole/admin/payment"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// lines reads a page of a tab's list.
func (d Deps) lines(c *page.Ctx, tab Tab, no, after string) ([]Line, string, error) {
	switch tab {
	case RedBlocked, RedOpen, RedDone:
		of := map[Tab]board.RedTab{RedBlocked: board.RedTask, RedOpen: board.RedOpen, RedDone: board.RedDone}[tab]
		p, err := d.Board.Reds(c.Context(), c.Actor(), of, no, after)
		return each(p.Rows, func(l board.RedLine) Line { return redLine(c, l) }), p.Next, err
	case ToRefund, Refunding, Refunded:
		of := map[Tab]board.RefundTab{ToRefund: board.RefundTask, Refunding: board.RefundOpen, Refunded: board.RefundDone}[tab]
		p, err := d.Board.Refunds(c.Context(), c.Actor(), board.RefundFilter{Tab: of, No: no, After: after})
		return each(p.Rows, func(l board.RefundLine) Line { return refundLine(c, l) }), p.Next, err
	case Suspense:
		p, err := d.Board.Suspense(c.Context(), c.Actor(), board.SuspenseOpen, after)
		return each(p.Rows, func(l board.SuspenseLine) Line { return suspenseLine(c, l) }), p.Next, err
	case Overdue:
	}
	p, err := d.Board.Overdue(c.Context(), c.Actor(), no, after)
	return each(p.Rows, func(l board.OverdueLine) Line { return overdueLine(c, l) }), p.Next, err
}

func each[T any](rows []T, line func(T) Line) []Line {
	out := make([]Line, 0, len(rows))
	for _, r := range rows {
		out = append(out, line(r))
	}
	return out
}

// facts leaves out what has no value.
func facts(all ...Fact) []Fact {
	return slices.DeleteFunc(all, func(f Fact) bool { return f.Value == "" })
}

func at(t time.Time) string { return page.Beijing(t).Format("2006-01-02 15:04:05") }

func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return at(*t)
}

func redLine(c *page.Ctx, l board.RedLine) Line {
	state := invoice.RedState(l.State)
	out := Line{
		ID: l.ID, OrderNo: l.OrderNo, Name: l.Title, Amount: l.Amount, Cause: redCause(c, l),
		Status: page.Status{Tone: page.Progress, Word: c.T("refunds.red."+l.State, nil)},
		Facts: facts(
			Fact{c.T("refunds.blue", nil), l.Blue, true}, Fact{c.T("refunds.red_number", nil), l.Number, true},
			Fact{c.T("refunds.serial", nil), l.Serial, true}, Fact{c.T("refunds.since", nil), at(l.CreatedAt), false},
			Fact{c.T("refunds.done_at", nil), since(l.IssuedAt), false},
		),
	}
	switch state {
	case invoice.RedBlocked:
		out.Status.Tone = page.Bad
		if c.Actor().Can(rbac.InvoiceResend) {
			out.Act = "red"
		}
	case invoice.RedIssued:
		out.Status.Tone = page.OK
		if l.ByHand {
			out.Status.Word = c.T("refunds.red.by_hand", nil)
		} else {
			out.File = "/refunds/red/" + l.ID.String() + "/file"
		}
	case invoice.RedNotNeeded:
		out.Status.Tone = page.Closed
	case invoice.RedWaitingBuyer:
		out.Status.Tone = page.Warn
	case invoice.RedWaitingInvoice, invoice.RedRequested, invoice.RedAsked, invoice.RedConfirmed:
	}
	return out
}

// ours are the reasons that admin/invoice gives in a word of its own; all else is what a vendor said.
var ours = []string{"amount_differs", "red_denied", "red_timed_out", "red_withdrawn", "red_failed", "vendor_unavailable"}

func redCause(c *page.Ctx, l board.RedLine) string {
	switch {
	case slices.Contains(ours, l.LastError):
		return c.T("refunds.cause."+l.LastError, nil)
	case l.LastError != "":
		return l.LastError
	}
	return c.T("refunds.why."+l.State, nil)
}

func refundLine(c *page.Ctx, l board.RefundLine) Line {
	state := payment.RefundState(l.State)
	out := Line{
		ID: l.ID, OrderNo: l.OrderNo, Name: l.Holder, Amount: l.Amount, Method: c.T("method."+l.Method, nil),
		Status: page.Status{Tone: page.Progress, Word: c.T("refunds.state."+l.State, nil)}, Cause: c.T("refunds.reason."+l.Reason, nil),
		Facts: facts(
			Fact{c.T("refunds.own_no", nil), l.OwnNo, true}, Fact{c.T("refunds.vendor_no", nil), l.VendorNo, true},
			Fact{c.T("refunds.failure", nil), l.Failure, true}, Fact{c.T("refunds.since", nil), at(l.CreatedAt), false},
			Fact{c.T("refunds.done_at", nil), since(l.DoneAt), false},
		),
	}
	switch state {
	case payment.Failed:
		out.Status.Tone = page.Bad
		if c.Actor().Can(rbac.MatchingAllocate) {
			out.Act = "refund"
		}
	case payment.Requested:
		out.Status.Tone = page.Warn
	case payment.Done:
		out.Status.Tone = page.OK
	case payment.WaitingInvoice, payment.Due, payment.Sent:
	}
	return out
}

func suspenseLine(c *page.Ctx, l board.SuspenseLine) Line {
	out := Line{
		ID: l.IntentID, OrderNo: l.OrderNo, Name: l.Holder, Amount: l.Amount, Method: c.T("method."+l.Method, nil),
		Status: page.Status{Tone: page.Warn, Word: c.T("refunds.suspended", nil)}, Cause: c.T("refunds.reason."+l.Reason, nil),
		Facts: facts(
			Fact{c.T("refunds.owed", nil), "¥" + l.Owed.Grouped(), false}, Fact{c.T("refunds.currency", nil), l.Currency, false},
			Fact{c.T("refunds.own_no", nil), l.OwnNo, true}, Fact{c.T("refunds.transaction", nil), l.TransactionID, true},
			Fact{c.T("refunds.order_stage", nil), c.T("stage."+l.Stage, nil), false}, Fact{c.T("refunds.paid_at", nil), at(l.PaidAt), false},
		),
	}
	if c.Actor().Can(rbac.MatchingAllocate) {
		out.Act = "suspense"
	}
	return out
}

func overdueLine(c *page.Ctx, l board.OverdueLine) Line {
	cause, method := "refunds.overdue.part", c.T("method.transfer", nil)
	switch {
	case l.Difference && l.Paid == 0 && !l.Claimed:
		cause, method = "refunds.overdue.difference", ""
	case l.Paid == 0:
		cause = "refunds.overdue.claimed"
	}
	return Line{
		ID: l.ID, OrderNo: l.OrderNo, Name: l.Holder, Amount: l.Paid, Method: method, Cause: c.T(cause, nil),
		Status: page.Status{Tone: page.Warn, Word: c.T("stage."+l.Stage, nil)},
		Facts: facts(
			Fact{c.T("refunds.owed", nil), "¥" + l.Owed.Grouped(), false}, Fact{c.T("refunds.missing", nil), "¥" + (l.Owed - l.Paid).Grouped(), false},
			Fact{c.T("refunds.chosen", nil), at(l.CreatedAt), false},
		),
	}
}
