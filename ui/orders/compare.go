package orders

import (
	"slices"
	"time"

	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/admin/seal"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Row is one line of the comparison: what was filled in beside what the old certificate says.
type Row struct {
	Label      string
	Filled     string
	Masked     *page.Masked
	Registered Marked
	Status     page.Status // without a word where there is nothing to compare with
	Same       bool        // to the letter
	Differs    bool
}

// Marked is a text whose middle differs from another's.
type Marked struct{ Before, Differing, After string }

// compare lists the fields, mismatches first.
func compare(c *page.Ctx, v flow.Case) []Row {
	o := v.Order
	rows := []Row{
		equal(c, "orders.holder", o.Holder, v.Old.Holder, seal.NormCompany),
		organisation(c, v),
		masked(c, o.No, order.FieldLegalName, o.Legal.Name),
		masked(c, o.No, order.FieldAgentName, o.Agent.Name),
		masked(c, o.No, order.FieldAgentID, o.Agent.IDNumber),
		phone(c, v),
		masked(c, o.No, order.FieldAgentEmail, o.Agent.Email),
		equal(c, "orders.medium", o.MediumNo, v.Old.MediumNo, func(s string) string { return s }),
		{Label: c.T("orders.expired", nil), Filled: "—", Registered: Marked{Before: page.Beijing(v.Old.NotAfter()).Format(time.DateOnly)}},
	}
	if o.Legal.Name == "" { // the online path asks for none, and an order that comes from it has none yet
		rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Masked != nil && r.Masked.Field == string(order.FieldLegalName) })
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		switch {
		case a.Differs == b.Differs:
			return 0
		case a.Differs:
			return -1
		}
		return 1
	})
	return rows
}

// equal compares two texts by what counts: the folded form.
func equal(c *page.Ctx, label, filled, registered string, fold func(string) string) Row {
	r := Row{Label: c.T(label, nil), Filled: filled, Registered: Marked{Before: registered}, Same: filled == registered}
	if fold(filled) == fold(registered) {
		r.Status = page.Status{Tone: page.OK, Word: c.T("orders.same", nil)}
		return r
	}
	r.Differs, r.Registered = true, differing(filled, registered)
	r.Status = page.Status{Tone: page.Warn, Word: c.T("orders.differs", nil)}
	return r
}

// organisation compares the numbers. That an old code of 9 characters stands for the new one was found when the order
// was made, and is no mismatch.
func organisation(c *page.Ctx, v flow.Case) Row {
	r := equal(c, "orders.org."+v.Order.OrgIDKind, v.Order.OrgIDNumber, v.Old.OrgIDNumber, seal.NormIDNumber)
	if v.Order.OrgIDFlag != "" {
		r.Differs, r.Registered = false, Marked{Before: v.Old.OrgIDNumber}
		r.Status = page.Status{Tone: page.OK, Word: c.T("orders.old_code", nil)}
	}
	return r
}

// differing marks what stands in b instead of in a: what is left when the common beginning and end are taken off.
func differing(a, b string) Marked {
	x, y := []rune(a), []rune(b)
	from := 0
	for from < len(x) && from < len(y) && x[from] == y[from] {
		from++
	}
	end := 0
	for end < len(x)-from && end < len(y)-from && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return Marked{Before: string(y[:from]), Differing: string(y[from : len(y)-end]), After: string(y[len(y)-end:])}
}

// phone stands beside what the carriers know of its holder.
func phone(c *page.Ctx, v flow.Case) Row {
	r := masked(c, v.Order.No, order.FieldAgentPhone, v.Order.Agent.Phone)
	r.Status = telecom(c, v)
	r.Registered, r.Differs = Marked{Before: r.Status.Word}, r.Status.Tone == page.Bad
	return r
}

func masked(c *page.Ctx, no string, field order.Field, mask string) Row {
	m := &page.Masked{ID: "m-" + string(field), Mask: mask, Field: string(field)}
	if mask != "" && c.Actor().Can(rbac.CaseReveal) {
		m.Action = "/orders/" + no + "/reveal"
	}
	return Row{Label: c.T("field."+string(field), nil), Masked: m}
}
