package ui_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/review"
	"caconsole/ui/orders"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// caseScreens are the states of the case screen. The first is a resubmission with a mismatch and two checks open.
func caseScreens() []screen {
	state := func(name string, change func(words, *orders.CasePage)) screen {
		return screen{name: name, path: "/orders/:no", template: "orders/case", data: func(w words) any {
			p := casePage(w)
			change(w, &p)
			return p
		}}
	}
	refused := func(s screen, err error) screen { s.refused = err; return s }
	open := func(s screen, fragment string) screen { s.open = fragment; return s }
	return []screen{
		state("case", func(w words, p *orders.CasePage) { mismatch(w, p) }),
		state("case-ready", func(_ words, p *orders.CasePage) {
			tick(p, len(review.Checks))
			p.Verdict.Shift.Until = pagetest.Now.Add(7 * time.Hour)
		}),
		open(state("case-reject", func(_ words, p *orders.CasePage) { tick(p, len(review.Checks)) }), "#reject"),
		open(state("case-keys", func(words, *orders.CasePage) {}), "#keys"),
		state("case-licence", func(w words, p *orders.CasePage) {
			mismatch(w, p)
			show(w, p, licenceID, false)
			p.Verdict.Shift.Offered = true
		}),
		state("case-width", func(w words, p *orders.CasePage) { show(w, p, formID, true) }),
		open(state("case-return", func(w words, p *orders.CasePage) {
			p.Verdict.Reasons = reasons("business_licence:name_differs", "business_licence:licence_expired")
			p.Verdict.Written = w("document.business_licence", nil) + "：" + w("customer.name_differs", nil) + "；" + w("customer.licence_expired", nil)
		}), "#return"),
		open(state("case-first", func(_ words, p *orders.CasePage) {
			tick(p, 0)
			p.Round, p.Returned, p.History, p.Verdict.Saved = 1, nil, nil, time.Time{}
		}), "#note"),
		state("case-unclaimed", func(_ words, p *orders.CasePage) {
			p.Verdict, p.Claim = nil, orders.Claim{MayClaim: true}
		}),
		state("case-other", func(w words, p *orders.CasePage) {
			p.Verdict, p.Claim = nil, orders.Claim{Other: "王海涛 0132", Left: page.Span(w("lang", nil), 9*time.Minute)}
		}),
		refused(state("case-conflict", conflict), fault.New(fault.Conflict, "claim_lost", nil)),
		refused(state("case-changed", func(words, *orders.CasePage) {}), fault.New(fault.Conflict, "content_changed", nil)),
		refused(state("case-no-item", func(words, *orders.CasePage) {}), fault.InvalidField("items", "return_needs_item")),
		refused(state("case-typed", func(words, *orders.CasePage) {}), fault.InvalidField("typed", "typed_wrong")),
		state("case-no-papers", func(w words, p *orders.CasePage) {
			p.Papers, p.Shown, p.Verdict, p.Claim, p.Due, p.Round, p.Returned, p.History = nil, nil, nil, orders.Claim{}, "", 1, nil, nil
			p.Submitted, p.Identity, p.Owed.At = time.Time{}, nil, time.Time{}
			p.Owed.Status, p.Status = page.Status{Tone: page.NotYet, Word: w("state.payment.none", nil)}, page.Status{Tone: page.Progress, Word: w("stage.papers", nil)}
			p.Strip = strip(page.Gates{Reviewed: true, Consent: "given", Documents: "missing"})
		}),
		state("case-pending", func(_ words, p *orders.CasePage) { p.Shown.Images, p.Shown.Crops = document.ImagesPending, false }),
		state("case-failed", func(w words, p *orders.CasePage) {
			p.Shown.Images, p.Shown.Crops = document.ImagesFailed, false
			p.Identity.Status, p.Identity.Reason = page.Status{Tone: page.Bad, Word: w("state.identity.failed", nil)}, "low_score"
			p.Identity.Score, p.Identity.Percent, p.Identity.Number = "61.2", 61, 3
			p.Compare[5].Differs, p.Compare[5].Status.Tone, p.Differs = true, page.Bad, 1
		}),
		state("case-finance", func(_ words, p *orders.CasePage) {
			p.MaySee, p.Papers, p.Shown, p.Verdict, p.Claim, p.Identity.Pictures = false, nil, nil, nil, orders.Claim{}, nil
		}),
		state("case-signed", func(_ words, p *orders.CasePage) {
			p.Verdict, p.Claim, p.Refund = nil, orders.Claim{}, &orders.RefundPanel{Serial: caseSerial}
		}),
		refused(state("case-refund", func(_ words, p *orders.CasePage) {
			p.Verdict, p.Claim, p.Refund = nil, orders.Claim{}, &orders.RefundPanel{}
		}), fault.InvalidField("refund_reason", "field_required")),
		{name: "revealed", path: "/orders/:no/reveal", template: "orders/revealed", data: func(words) any {
			return orders.Revealed{Masked: page.Masked{ID: "m-agent_phone", Field: "agent_phone", Mask: "138****5678", Clear: "13800005678"}, No: caseNo}
		}},
	}
}

// casePage is a resubmission in review, held by the reader, with two checks open.
func casePage(w words) orders.CasePage {
	left := func(d time.Duration) string { return page.Span(w("lang", nil), d) }
	p := orders.CasePage{
		No: caseNo, Holder: caseHolder, Kind: order.Renewal, Path: order.Reviewed, Years: 2, Round: 2,
		Status: page.Status{Tone: page.Back, Word: w("queue.resent", nil)}, Submitted: *ago(33 * time.Minute), Due: left(27 * time.Minute),
		Strip: strip(page.Gates{
			Reviewed: true, Consent: "given", Documents: "uploaded", Identity: "passed", Payment: "settled", Review: "claimed", Invoice: "dispatched",
		}),
		Claim: orders.Claim{Mine: true, Left: left(13 * time.Minute)}, MaySee: true, Compare: compared(w),
		Identity: &orders.Identity{
			Status: page.Status{Tone: page.OK, Word: w("state.identity.passed", nil)}, Score: "92.4", Threshold: "80.0", Percent: 92, Mark: 80,
			Live: page.Status{Tone: page.OK, Word: w("identity.live", nil)}, Library: "权威库一致", Number: 1, At: *ago(3 * time.Hour),
		},
		Owed: orders.Owed{
			Due: 40000, Status: page.Status{Tone: page.OK, Word: w("state.payment.settled", nil)}, Method: w("method.wechat", nil), At: *ago(77 * time.Minute),
			Moved: []orders.Moved{
				{Label: w("method.wechat", nil), Number: "4200002611222233445566778899", Amount: 40000, At: *ago(77 * time.Minute)},
				{Label: w("method.alipay", nil), Number: "2026112222001400000000000001", Amount: 40000, At: *ago(70 * time.Minute), Word: w("suspense.paid_twice", nil)},
				{Label: w("orders.refund", nil), Number: caseNo + "_2_r1", Amount: 40000, At: *ago(69 * time.Minute), Word: w("refund.sent", nil)},
			},
		},
		Verdict: &orders.Verdict{
			ContentVersion: 7, Digest: fmt.Sprintf("%064d", 9), Saved: *ago(20 * time.Second), Phone: "138****5678", Last4: "0311", Reasons: reasons(),
		},
		History: []orders.Past{{
			Decision: review.Returned, At: *ago(2 * time.Hour), By: "李晓雯 0217", Text: w("customer.stamp_unclear", nil),
			Papers: w("document.application_form", nil) + " " + w("reason.stamp_unclear", nil), Reasons: w("reason.stamp_unclear", nil),
		}},
		Steps: steps(w),
	}
	for _, which := range []string{"best_frame", "card_front"} {
		p.Identity.Pictures = append(p.Identity.Pictures, "/orders/"+caseNo+"/faces/"+sampleID.String()+"/"+which)
	}
	p.Returned = &p.History[0]
	show(w, &p, formID, false)
	tick(&p, 4)
	return p
}

func steps(w words) []page.Step {
	step := func(tone, gate, state, when string) page.Step {
		return page.Step{Status: page.Status{Tone: tone, Word: w("gate."+gate, nil) + " " + w("state."+gate+"."+state, nil)}, When: when}
	}
	return []page.Step{
		step(page.Progress, "review", "claimed", "11-22 10:29"), step(page.OK, "documents", "uploaded", "11-22 09:58"),
		step(page.Back, "review", "returned", "11-22 08:31"), step(page.OK, "payment", "settled", "11-22 09:14"),
		step(page.OK, "identity", "passed", "11-22 07:58"), step(page.OK, "consent", "given", "11-22 07:31"),
	}
}

func compared(w words) []orders.Row {
	same := page.Status{Tone: page.OK, Word: w("orders.same", nil)}
	masked := func(field, mask string) orders.Row {
		return orders.Row{Label: w("field."+field, nil), Masked: &page.Masked{ID: "m-" + field, Field: field, Mask: mask, Action: "/orders/" + caseNo + "/reveal"}}
	}
	carrier := w("orders.telecom", map[string]any{"state": w("state.telecom.match", nil)}) + " · 移动"
	phone := masked("agent_phone", "138****5678")
	phone.Registered, phone.Status = orders.Marked{Before: carrier}, page.Status{Tone: page.OK, Word: carrier}
	return []orders.Row{
		{Label: w("orders.holder", nil), Filled: caseHolder, Registered: orders.Marked{Before: caseHolder}, Same: true, Status: same},
		{Label: w("orders.org.credit_code", nil), Filled: caseCode, Registered: orders.Marked{Before: caseCode}, Same: true, Status: same},
		masked("legal_name", "李**"), masked("agent_name", "周*"), masked("agent_id", "440***********0026"),
		phone, masked("agent_email", "z***@qiheng-eng.example"),
		{Label: w("orders.medium", nil), Filled: caseMedium, Registered: orders.Marked{Before: caseMedium}, Same: true, Status: same},
		{Label: w("orders.expired", nil), Filled: "—", Registered: orders.Marked{Before: "2026-11-15"}},
	}
}

// mismatch is a name the old certificate writes otherwise.
func mismatch(w words, p *orders.CasePage) {
	p.Differs = 1
	p.Compare[0] = orders.Row{
		Label: w("orders.holder", nil), Filled: caseHolder, Differs: true, Status: page.Status{Tone: page.Warn, Word: w("orders.differs", nil)},
		Registered: orders.Marked{Before: "深圳市启衡核电工程有限", Differing: "责任", After: "公司"},
	}
}

func conflict(w words, p *orders.CasePage) {
	p.Verdict, p.Claim, p.Due = nil, orders.Claim{}, ""
	p.Status = page.Status{Tone: page.Closed, Word: w("stage.closed", nil)}
	p.Strip = strip(page.Gates{Reviewed: true, Consent: "given", Documents: "uploaded", Identity: "passed", Payment: "refunding", Review: "rejected", Invoice: "dispatched"})
	p.History = append([]orders.Past{{
		Decision: review.Rejected, At: pagetest.Now, By: "王海涛 0132", Text: "执照名称为“有限责任公司”，请先到市场监管部门办理变更后重新申请。",
	}}, p.History...)
	p.Unsent = &orders.Unsent{
		Act: "returned", Items: []string{w("document.business_licence", nil) + " " + w("reason.name_differs", nil)},
		Text: "执照名称与登记名称不一致，请上传最新营业执照并加盖红色公章。",
	}
}

// tick ticks the first n checks.
func tick(p *orders.CasePage, n int) {
	where := []string{"form", "form", "form", "licence", "licence", "person"}
	p.Checks, p.Missing, p.Ticked = nil, nil, n
	for i, c := range review.Checks {
		p.Checks = append(p.Checks, orders.Check{Name: c, Where: where[i], Ticked: i < n, First: i == n})
		if i >= n {
			p.Missing = append(p.Missing, c)
		}
	}
}

// show puts one of the three papers on the stage.
func show(w words, p *orders.CasePage, id uuid.UUID, wide bool) {
	p.Papers = nil
	for i, x := range []struct {
		id      uuid.UUID
		kind    document.Kind
		version int
	}{{formID, document.ApplicationForm, 2}, {licenceID, document.BusinessLicence, 1}, {voucherID, document.RemittanceVoucher, 1}} {
		url := "/orders/" + caseNo + "?paper=" + x.id.String()
		p.Papers = append(p.Papers, orders.Paper{
			ID: x.id, Key: i + 1, Kind: x.kind, Version: x.version, Renewed: x.version > 1, Pages: 1, Page: 1, URL: url, Whole: url, Width: url + "&fit=width",
			SM3: "9c41aaaaaaaaaaaae07a", Images: document.ImagesReady, Image: "/orders/" + caseNo + "/papers/" + x.id.String() + "/1", Current: x.id == id, Wide: wide,
			State: page.Status{Tone: page.NotYet, Word: w("paper.uploaded", nil)}, Crops: x.kind == document.ApplicationForm && !wide,
		})
	}
	for i := range p.Papers {
		if p.Papers[i].Current {
			p.Shown = &p.Papers[i]
		}
	}
}

// reasons are the choices of 退回补件, some of them chosen.
func reasons(chosen ...string) []orders.PaperReasons {
	var out []orders.PaperReasons
	for _, kind := range []string{"application_form", "business_licence"} {
		g := orders.PaperReasons{Kind: kind}
		for _, name := range review.Reasons[kind] {
			r := orders.Reason{Value: kind + ":" + name, Name: name}
			for _, c := range chosen {
				r.Set = r.Set || c == r.Value
			}
			g.Reasons = append(g.Reasons, r)
		}
		out = append(out, g)
	}
	return out
}

// strip fills what has not begun.
func strip(g page.Gates) []page.GateMark {
	for _, state := range []*string{&g.Consent, &g.Documents, &g.Identity, &g.Payment, &g.Review, &g.Authorisation, &g.Issuance, &g.Delivery, &g.Invoice} {
		if *state == "" {
			*state = "none"
		}
	}
	return g.Strip()
}
