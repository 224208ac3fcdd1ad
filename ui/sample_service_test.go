package ui_test

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	trail "caconsole/admin/audit"
	"caconsole/admin/order"
	"caconsole/admin/staff"
	"caconsole/rbac"
	"caconsole/ui/audit"
	"caconsole/ui/home"
	"caconsole/ui/hotline"
	"caconsole/ui/login"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	uistaff "caconsole/ui/staff"
)

// serviceScreens are the hotline's, the auditor's and everybody's.
func serviceScreens() []screen {
	trailOf := func(change func(words, *audit.Page)) func(words) any {
		return func(w words) any {
			p := auditPage(w)
			change(w, &p)
			return p
		}
	}
	return []screen{
		{name: "hotline", path: "/hotline", template: "hotline/hotline", data: func(w words) any { return answer(w) }},
		{name: "hotline-empty", path: "/hotline", template: "hotline/hotline", data: func(w words) any {
			return hotline.Page{Empty: page.Empty{Title: w("hotline.ask", nil), Text: w("hotline.ask.text", nil)}}
		}},
		{name: "hotline-none", path: "/hotline", template: "hotline/hotline", data: func(w words) any {
			return hotline.Page{Query: "13700136642", Asked: "phone", Empty: page.Empty{Title: w("hotline.none", nil), Text: w("hotline.none.text", nil)}}
		}},
		{name: "audit", path: "/audit", template: "audit/audit", data: trailOf(func(words, *audit.Page) {})},
		{name: "audit-holds", path: "/audit", template: "audit/audit", data: trailOf(func(w words, p *audit.Page) {
			args := map[string]any{"entries": 482917, "checkpoint": 1206, "key": "4be709d2"}
			p.Report = &trail.Report{Entries: 482917}
			p.Verdict = page.Banner{Tone: page.OK, Title: w("audit.holds", nil), Text: w("audit.holds.text", args)}
		})},
		{name: "audit-broken", path: "/audit", template: "audit/audit", data: trailOf(func(w words, p *audit.Page) {
			args := map[string]any{"found": 1, "first": 482911}
			p.Report = &trail.Report{Entries: 482917, Found: 1, Problems: []trail.Problem{{Kind: "leaf hash differs", First: 482911}}}
			p.Verdict = page.Banner{Tone: page.Bad, Title: w("audit.broken", args), Text: w("audit.broken.text", args)}
		})},
		{name: "audit-empty", path: "/audit", template: "audit/audit", data: trailOf(func(_ words, p *audit.Page) { p.Records, p.Entry = nil, nil })},
		{name: "staff", path: "/staff", template: "staff/staff", data: people},
		{name: "home", path: "/home", template: "home/home", data: desk},
		{name: "login", path: "/login", template: "login/login", data: func(words) any { return login.Form{Login: "lixiaowen"} }},
	}
}

func answer(w words) hotline.Page {
	p := hotline.Page{Query: "13700136642", Asked: "phone", Answers: []int{1, 2, 3, 4, 5, 6, 7}, Checked: "yes"}
	p.Answer = &hotline.Answer{
		No: no(377), Holder: "连云港市灌河口仪表有限责任公司", Years: 2, Kind: order.Renewal, Updated: "11-22 10:05:22", Agent: "王**", Phone: "137****6642",
		Status:   page.Status{Tone: page.Back, Word: w("stage.returned", nil)},
		Sentence: order.Sentence{Now: "sentence.returned", Then: "sentence.returned.then"}, Steps: steps(w),
		Strip: strip(page.Gates{Reviewed: true, Consent: "given", Documents: "returned", Identity: "passed", Payment: "settled", Review: "returned", Invoice: "dispatched"}),
	}
	for i, stage := range []string{"returned", "done", "done"} {
		tone := page.OK
		if i == 0 {
			tone = page.Back
		}
		p.Found = append(p.Found, hotline.Found{No: no(377 + i), Holder: p.Answer.Holder, Status: page.Status{Tone: tone, Word: w("stage."+stage, nil)}, Chosen: i == 0})
	}
	return p
}

func auditPage(w words) audit.Page {
	p := audit.Page{
		MayCheck: true, Pager: page.Pager{Shown: 50, Size: 50, Total: 50, Capped: true, Next: "/audit?before=x"},
		Empty: page.Empty{Title: w("audit.empty", nil), Text: w("audit.empty.text", nil)},
		Query: page.Query{Action: "/audit", Fields: []page.QueryField{
			{Name: "actor", Label: w("audit.actor", nil), Kind: "text", Placeholder: w("audit.actor.hint", nil)},
			{Name: "action", Label: w("audit.action", nil), Kind: "text", Placeholder: w("audit.action.hint", nil)},
			{Name: "object", Label: w("audit.object", nil), Kind: "text", Placeholder: w("audit.object.hint", nil)},
			{Name: "outcome", Label: w("audit.outcome", nil), Kind: "select", Options: []page.Choice{{Value: "ok", Word: w("audit.outcome.ok", nil)}}},
		}},
	}
	acts := []string{"review.approved", "document.viewed", "hotline.lookup", "order.revealed", "matching.allocated", "staff.login", "access.refuse"}
	for i := range 50 {
		act, who := acts[i%len(acts)], colleagues[i%3]
		r := audit.Record{
			Record: trail.Record{
				ID: uuid.New(), Number: int64(482917 - i), At: *ago(time.Duration(i) * 47 * time.Second), Action: act, Object: "order:" + no(i), Outcome: trail.OK,
				Digest: "9c41d0f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e07a", Actor: actor.Actor{Name: "wanghaitao", IP: "10.20.4.31", RequestID: "01JD7Q3W9K"},
			},
			Status: page.Status{Tone: page.OK, Word: w("audit.outcome.ok", nil)}, Who: who.name + " " + who.no, Act: w("audit.act."+act, nil), URL: "/audit?entry=x",
			Nth: page.Count(482917-i, false), When: "11-22 10:31:07.418",
		}
		if act == "access.refuse" {
			r.Status, r.Object, r.Reason = page.Status{Tone: page.Locked, Word: w("audit.outcome.refused", nil)}, "route:GET /orders/:no/papers/:id/:page", "document:view"
		}
		p.Records = append(p.Records, r)
	}
	p.Records[0].Changes = []audit.Change{{Word: w("gate.review", nil), From: w("state.review.claimed", nil), To: w("state.review.approved", nil)}, {Word: w("gate.documents", nil), From: w("state.documents.uploaded", nil), To: w("state.documents.accepted", nil)}}
	p.Records[0].Facts = []audit.Fact{{Word: w("audit.detail.content_version", nil), Value: "7"}, {Word: w("audit.detail.stage", nil), Value: w("stage.to_issue", nil)}}
	p.Records[0].Chosen = true
	p.Entry = &p.Records[0]
	return p
}

func people(w words) any {
	s := uistaff.Screen{
		Manage: true, Total: 14, Rules: []string{"officers", "business", "order", "issue", "second"}, Query: page.Query{Action: "/staff"},
		Tabs: []page.Tab{{Word: w("staff.tab.all", nil), URL: "/staff", Count: "14", Current: true}},
	}
	for i, role := range rbac.Roles() {
		s.Rows = append(s.Rows, uistaff.Row{
			Line:      staff.Line{Member: staff.Member{ID: uuid.New(), Login: role, Name: colleagues[i%3].name, No: colleagues[i%3].no, State: staff.Active, LastLoginAt: pagetest.Now}, Sessions: i % 2},
			RoleWords: []string{w("role."+role, nil)}, Status: page.Status{Tone: page.OK, Word: w("staff.state.active", nil)}, Duty: page.Status{Tone: page.OK, Word: w("staff.duty.on", nil)},
		})
	}
	return s
}

func desk(w words) any {
	return home.Screen{
		Now: pagetest.Now, AllZero: true, MayClaim: true,
		Figures:  []page.Figure{{Word: w("stage.review", nil), Value: "128", URL: "/queue"}, {Word: w("stage.to_issue", nil), Value: "9", URL: "/issuance"}},
		Backlog:  []home.Bar{{Word: w("stage.review", nil), Count: "128", N: 128, Of: 128, URL: "/queue"}, {Word: w("stage.transfer", nil), Count: "12", N: 12, Of: 128, URL: "/queue"}},
		Checks:   []home.Check{{Status: page.Status{Tone: page.OK, Word: w("home.quiet", nil)}, Count: "0"}},
		Shortcut: []home.Shortcut{{Word: w("menu.queue", nil), Text: w("stage.review", nil), Icon: "list-check", URL: "/queue"}},
	}
}
