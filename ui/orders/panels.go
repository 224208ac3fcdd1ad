package orders

import (
	"strconv"
	"time"

	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Identity is the panel of the agent's identity.
type Identity struct {
	Status    page.Status
	Score     string
	Threshold string
	Percent   int // 0–100, the score
	Mark      int // 0–100, the threshold
	Live      page.Status
	Library   string
	Number    int
	At        time.Time
	Reason    string
	Pictures  []string // addresses, portraits first; empty where the reader may not see them
}

// Owed is what the payment card shows.
type Owed struct {
	Due    money.Fen
	Rest   money.Fen // the difference that is still to be paid, if a part of Due is kept
	Status page.Status
	Method string
	At     time.Time // when the money was there; zero before
	Moved  []Moved   // what came by WeChat or Alipay, then what goes back
}

// Moved is money that came by a vendor or goes back.
type Moved struct {
	Label  string // the method, or that it is a refund
	Number string // the vendor's, or ours before the vendor has one
	Amount money.Fen
	At     time.Time
	Word   string // why it pays nothing, or how far the refund is; empty for money that paid the order
}

func panel(c *page.Ctx, o order.Order, a identity.Attempt) *Identity {
	p := &Identity{
		Status: page.Status{Tone: page.Progress, Word: c.T("state.identity."+string(o.Gates.Identity), nil)}, Number: a.Number,
		Threshold: centi(a.Threshold), Mark: a.Threshold / 100, Library: a.Library, Score: "—", Reason: a.Reason,
	}
	switch a.State {
	case identity.Passed:
		p.Status = page.Status{Tone: page.OK, Word: c.T("state.identity.passed", nil)}
	case identity.Failed:
		p.Status = page.Status{Tone: page.Bad, Word: c.T("state.identity.failed", nil)}
	case identity.Expired:
		p.Status = page.Status{Tone: page.Warn, Word: c.T("state.identity.expired", nil)}
	case identity.Begun, identity.Pending:
	}
	if a.Score < 0 || !c.Actor().Can(rbac.IdentityView) { // who may not look at the check learns its outcome only
		return p
	}
	p.Score, p.Percent, p.At = centi(a.Score), a.Score/100, a.FinishedAt
	p.Live = page.Status{Tone: page.Bad, Word: c.T("identity.not_live", nil)}
	if a.Live {
		p.Live = page.Status{Tone: page.OK, Word: c.T("identity.live", nil)}
	}
	for _, which := range []identity.Picture{identity.BestFrame, identity.CardFront} {
		p.Pictures = append(p.Pictures, "/orders/"+o.No+"/faces/"+a.ID.String()+"/"+string(which))
	}
	return p
}

// centi writes hundredths with one decimal.
func centi(n int) string { return strconv.FormatFloat(float64(n)/100, 'f', 1, 64) }

// telecom is the carriers' answer about name, ID number and phone.
func telecom(c *page.Ctx, v flow.Case) page.Status {
	state := v.Order.Gates.Telecom
	s := page.Status{Tone: page.NotYet, Word: c.T("orders.telecom", map[string]any{"state": c.T("state.telecom."+string(state), nil)})}
	switch state {
	case order.Match:
		s.Tone = page.OK
	case order.Mismatch:
		s.Tone = page.Bad
	case order.Unknown:
		s.Tone = page.Warn
	default: // the others have nothing of their own
	}
	if v.Check != nil && v.Check.Carrier != "" {
		s.Word += " · " + v.Check.Carrier
	}
	return s
}

func payment(c *page.Ctx, v flow.Case) Owed {
	gates := v.Order.Gates
	out := Owed{
		Due: v.Order.AmountFen, Method: c.T("method."+string(gates.Method), nil),
		Status: page.Status{Tone: page.NotYet, Word: c.T("state.payment."+string(gates.Payment), nil)},
	}
	switch gates.Payment {
	case order.Settled, order.Waived:
		out.Status.Tone = page.OK
	case order.Awaiting:
		out.Status.Tone = page.Progress
	case order.Refunding, order.Refunded:
		out.Status.Tone = page.Back
	default: // the others have nothing of their own
	}
	for _, e := range v.Events {
		if e.Move.Gate == order.GatePayment && e.Move.To == order.Settled {
			out.At = e.At
		}
	}
	if gates.AwaitsDifference() {
		out.Rest, out.Status.Word = v.Order.Due(), c.T("orders.difference_awaited", nil)
	}
	out.Moved = moved(c, v)
	return out
}

func moved(c *page.Ctx, v flow.Case) []Moved {
	out := make([]Moved, 0, len(v.Money)+len(v.Refunds))
	for _, m := range v.Money {
		line := Moved{Label: c.T("method."+string(m.Method), nil), Number: m.TransactionID, Amount: m.Amount, At: m.PaidAt}
		if m.Suspense != "" {
			line.Word = c.T("suspense."+string(m.Suspense), nil)
		}
		out = append(out, line)
	}
	for _, r := range v.Refunds {
		line := Moved{Label: c.T("orders.refund", nil), Number: r.VendorNo, Amount: r.Amount, At: r.CreatedAt, Word: c.T("refund."+string(r.State), nil)}
		if line.Number == "" {
			line.Number = r.OwnNo
		}
		if !r.DoneAt.IsZero() {
			line.At = r.DoneAt
		}
		out = append(out, line)
	}
	return out
}
