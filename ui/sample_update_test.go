package ui_test

import (
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/ui/hotline"
	"caconsole/ui/page"
)

// updateScreens are the renewals nobody fetches, before the lead who decides.
func updateScreens() []screen {
	list := func(w words, n int) hotline.OverduePage {
		p := hotline.OverduePage{Empty: page.Empty{Title: w("hotline.overdue.none", nil), Text: w("hotline.overdue.none.text", nil)}}
		for i := range n {
			r := hotline.Overdue{No: no(40 + i), Holder: company(i), Days: 30 + i*3%40, Called: i%3 > 0, Extend: 30}
			if i%2 == 0 {
				r.Revoke = "/certificates/5e210b1720cd94f6/revoke"
			}
			p.Rows = append(p.Rows, r)
		}
		return p
	}
	return []screen{
		{name: "updates", path: "/updates", template: "hotline/undecided", data: func(w words) any { return list(w, 3) }},
		{name: "updates-many", path: "/updates", template: "hotline/undecided", data: func(w words) any { return list(w, 40) }},
		{name: "updates-empty", path: "/updates", template: "hotline/undecided", data: func(w words) any { return list(w, 0) }},
		{name: "updates-refused", path: "/updates", template: "hotline/undecided", refused: fault.InvalidField("reason", "required"), data: func(w words) any {
			p := list(w, 3)
			p.No, p.Choice = p.Rows[1].No, order.Rest
			return p
		}},
	}
}
