package ui_test

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/ui/invoices"
	"caconsole/ui/issuance"
	"caconsole/ui/matching"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	"caconsole/ui/refunds"
	"caconsole/ui/statements"
)

// moneyScreens are finance's and the issuer's.
func moneyScreens() []screen {
	issue := func(tab board.IssueTab, lines int) func(words) any {
		return func(w words) any { return issueList(w, tab, lines) }
	}
	return []screen{
		{name: "statements", path: "/statements", template: "statements/list", data: statementList},
		{name: "statement", path: "/statements/:id", template: "statements/show", data: statement},
		{name: "matching", path: "/matching", template: "matching/bench", data: bench},
		{name: "matching-empty", path: "/matching", template: "matching/bench", data: func(w words) any {
			return matching.Bench{Tab: board.TabToConfirm, ToMatch: true, Empty: page.Empty{Title: w("matching.nothing", nil)}}
		}},
		{name: "issuance", path: "/issuance", template: "issuance/list", data: issue(board.IssueOpen, 24)},
		{name: "issuance-done", path: "/issuance", template: "issuance/list", data: issue(board.IssueDone, 50)},
		{name: "issuance-failed", path: "/issuance", template: "issuance/list", data: issue(board.IssueFailed, 2)},
		{name: "issuance-empty", path: "/issuance", template: "issuance/list", data: issue(board.IssueOpen, 0)},
		{name: "invoices", path: "/invoices", template: "invoices/list", data: func(w words) any { return invoiceList(w, true) }},
		{name: "invoices-failed", path: "/invoices", template: "invoices/list", data: func(w words) any { return failedInvoice(w) }},
		{name: "refunds", path: "/refunds", template: "refunds/list", data: func(w words) any { return refundList(w, refunds.RedBlocked, "red") }},
		{name: "refunds-suspense", path: "/refunds", template: "refunds/list", data: func(w words) any { return refundList(w, refunds.Suspense, "suspense") }},
		{name: "refunds-empty", path: "/refunds", template: "refunds/list", data: func(w words) any {
			p := refundList(w, refunds.Overdue, "")
			p.Lines, p.Chosen = nil, nil
			return p
		}},
		{name: "invoices-empty", path: "/invoices", template: "invoices/list", data: func(w words) any { return invoiceList(w, false) }},
	}
}

func issueList(w words, tab board.IssueTab, lines int) issuance.Page {
	p := issuance.Page{
		Tab: tab, Max: 50, MayConfirm: tab == board.IssueOpen || tab == board.IssueFailed,
		Empty: page.Empty{Title: w("issuance.empty."+string(tab), nil), Text: w("issuance.empty.text", nil)},
		Pager: page.Pager{Shown: lines, Size: lines, Total: lines},
	}
	for i, t := range board.IssueTabs[:5] {
		p.Tabs = append(p.Tabs, page.Tab{Word: w("issuance.tab."+string(t), nil), URL: "/issuance?tab=" + string(t), Count: []string{"24", "7", "1", "2", "50"}[i], Current: t == tab})
	}
	end := time.Date(2029, 11, 15, 15, 59, 59, 0, time.UTC)
	for i := range lines {
		who := colleagues[i%3]
		l := issuance.Line{IssueLine: board.IssueLine{
			No: no(i), Holder: company(i), MediumNo: caseMedium, Years: 1 + i%3, Stage: order.StageToIssue, StageSince: *ago(time.Duration(i) * time.Minute),
			Reviewer: who.name, ReviewerNo: who.no, ApprovedAt: ago(time.Duration(i+5) * time.Minute), OldEnd: end.AddDate(-3, 0, 0), Barred: i%9 == 4,
		}}
		if tab == board.IssueDone {
			l.NewSerial, l.NewEnd = "5e210b1720cd94f65e210b1720cd94f6", &end
		}
		if tab == board.IssueFailed {
			l.Why = w("signer_unavailable", nil)
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

func invoiceList(w words, lines bool) invoices.Page {
	p := invoices.Page{
		Tab: board.InvoiceAll, Empty: page.Empty{Title: w("invoices.empty.all", nil), Text: w("invoices.empty.text", nil)},
		Query: page.Query{Action: "/invoices", Fields: []page.QueryField{{Name: "no", Label: w("invoices.no", nil), Kind: "text"}, {Name: "title", Label: w("invoices.buyer", nil), Kind: "text"}}},
	}
	for i, t := range board.InvoiceTabs {
		p.Tabs = append(p.Tabs, page.Tab{Word: w("invoices.tab."+string(t), nil), URL: "/invoices?tab=" + string(t), Count: []string{"1,000+", "23", "984", "3", "0"}[i%5], Current: t == board.InvoiceAll})
	}
	if !lines {
		return p
	}
	ok, sending := page.Status{Tone: page.OK, Word: w("message.delivered", nil)}, page.Status{Tone: page.Progress, Word: w("message.sending", nil)}
	for i := range 20 {
		l := invoices.Line{
			InvoiceLine: board.InvoiceLine{ID: sampleID, OrderNo: no(i), Title: company(i), BuyerKind: "general", Total: money.Fen(20000 * (1 + i%3)), CreatedAt: *ago(time.Duration(i*7) * time.Minute)},
			Status:      page.Status{Tone: page.OK, Word: w("invoices.state.issued", nil)}, SMS: ok, Mail: ok, URL: "/invoices?id=x", Chosen: i == 2,
		}
		if i%6 != 0 && i%6 != 4 {
			l.Number = "2644200000118307" + no(i)[9:]
		}
		switch i % 6 {
		case 0:
			l.Status, l.SMS, l.Mail = page.Status{Tone: page.Progress, Word: w("invoices.state.requested", nil)}, page.Status{}, page.Status{}
		case 2:
			l.Mail = page.Status{Tone: page.Bad, Word: w("message.failed", nil)}
		case 3:
			l.SMS = sending
		case 4:
			l.Status, l.SMS, l.Mail = page.Status{Tone: page.Bad, Word: w("invoices.state.failed", nil)}, page.Status{}, page.Status{}
		}
		p.Lines = append(p.Lines, l)
	}
	p.Pager = page.Pager{Shown: 20, Page: 1, Size: 20, Total: 1000, Capped: true, Next: "/invoices?after=x"}
	p.Detail = &invoices.Detail{
		InvoiceDetail: board.InvoiceDetail{
			InvoiceLine: board.InvoiceLine{ID: sampleID, OrderNo: no(2), Title: company(2), BuyerKind: "special", Total: 60000, Number: "26442000001183075530", CreatedAt: *ago(2 * time.Hour), IssuedAt: ago(time.Hour)},
			Net:         56604, Tax: 3396, TaxPercent: 6, GoodsName: "*信息技术服务*数字证书服务费", BuyerTaxID: caseCode, Serial: "0193000000007000800000000000000a",
		},
		Status: page.Status{Tone: page.OK, Word: w("invoices.state.issued", nil)}, Issued: true, MayResend: true,
		Deliveries: []invoices.Delivery{
			{Delivery: board.Delivery{ID: uuid.Nil, Channel: "sms", ToMask: "138****2207", CreatedAt: *ago(time.Hour)}, Status: ok, MayResend: true},
			{Delivery: board.Delivery{Channel: "mail", ToMask: "l***@lanshi.example", CreatedAt: *ago(time.Hour), Attempts: 3}, Answer: "550 5.1.1 mailbox does not exist", Status: page.Status{Tone: page.Bad, Word: w("message.failed", nil)}, MayResend: true, Failed: true},
		},
	}
	return p
}

func refundList(w words, tab refunds.Tab, act string) refunds.Page {
	p := refunds.Page{
		Tab: tab, Empty: page.Empty{Title: w("refunds.empty."+string(tab), nil), Text: w("refunds.empty.text", nil)},
		Query: page.Query{Action: "/refunds", Fields: []page.QueryField{{Name: "no", Label: w("refunds.no", nil), Kind: "text"}}},
	}
	for i, t := range refunds.Tabs {
		p.Tabs = append(p.Tabs, page.Tab{Word: w("refunds.tab."+string(t), nil), URL: "/refunds?tab=" + string(t), Count: []string{"2", "3", "1", "0", "4", "6", "1,000+", "118"}[i], Current: t == tab})
	}
	status, cause := page.Status{Tone: page.Bad, Word: w("refunds.red.blocked", nil)}, w("refunds.cause.red_timed_out", nil)
	if act == "suspense" {
		status, cause = page.Status{Tone: page.Warn, Word: w("refunds.suspended", nil)}, w("refunds.reason.wrong_amount", nil)
	}
	for i := range 4 {
		l := refunds.Line{ID: sampleID, OrderNo: no(i), Name: company(i), Amount: money.Fen(20000 * (1 + i%3)), Status: status, Cause: cause, URL: "/refunds?id=x", Chosen: i == 1, Act: act}
		if act == "suspense" {
			l.Method = w("method.wechat", nil)
		}
		p.Lines = append(p.Lines, l)
	}
	chosen := &p.Lines[1]
	chosen.Facts = []refunds.Fact{
		{Label: w("refunds.blue", nil), Value: "26442000001183075530", Mono: true},
		{Label: w("refunds.serial", nil), Value: no(1) + "R1", Mono: true},
		{Label: w("refunds.since", nil), Value: "2026-11-22 09:12:44"},
	}
	p.Chosen = chosen
	p.Pager = page.Pager{Shown: 4, Page: 1, Size: 4, Total: 4}
	return p
}

func failedInvoice(w words) invoices.Page {
	p := invoiceList(w, true)
	d := *p.Detail
	d.Status, d.Issued, d.MayRetry, d.Deliveries = page.Status{Tone: page.Bad, Word: w("invoices.state.failed", nil)}, false, true, nil
	d.Number, d.IssuedAt, d.Answer = "", nil, "E9106 税号与购买方名称不一致"
	p.Detail = &d
	return p
}

func statementList(w words) any {
	l := statements.List{MayImport: true, Empty: page.Empty{Title: w("statements.empty", nil)}, Pager: page.Pager{Shown: 12, Size: 12, Total: 12}}
	for i := range 12 {
		state, tone := "committed", page.OK
		if i == 0 {
			state, tone = "checked", page.Progress
		}
		l.Rows = append(l.Rows, statements.Row{
			StatementLine: board.StatementLine{
				ID: sampleID, FileName: "招商银行_755900000000019_20261122.xlsx", Branch: "招商银行深圳科技园支行", State: state, RowsTotal: 118 + i, InFen: 12345600, OutFen: 230000,
				FirstOn: ago(time.Duration(24*i) * time.Hour), LastOn: ago(time.Duration(24*i) * time.Hour), CreatedAt: *ago(time.Duration(24*i) * time.Hour), CreatedName: "陈志强", CreatedNo: "0305", OpenLines: i % 4,
			},
			Status: page.Status{Tone: tone, Word: w("statements.state."+state, nil)}, Account: "*0019",
		})
	}
	return l
}

func statement(w words) any {
	s := statements.Show{
		ID: sampleID.String(), FileName: "招商银行_755900000000019_20261122.xlsx", Branch: "招商银行深圳科技园支行", Account: "*0019",
		State: page.Status{Tone: page.Progress, Word: w("statements.state.checked", nil)}, New: 40, Known: 6, In: 1600000, MayCommit: true,
		Tabs:  []page.Tab{{Word: w("statements.tab.all", nil), URL: "/statements/x", Count: "46", Current: true}},
		Pager: page.Pager{Shown: 40, Page: 1, Size: 100, Total: 40},
	}
	for _, key := range []string{"statements.file", "statements.rows", "statements.in", "statements.out", "statements.closing", "statements.chain", "statements.gap"} {
		s.Facts = append(s.Facts, statements.Fact{Word: w(key, nil), Value: "¥16,000.00", Proof: page.Status{Tone: page.OK, Word: w("statements.proved", nil)}})
	}
	for i := range 40 {
		s.Lines = append(s.Lines, statements.Line{
			Row: i + 9, When: "2026-11-22 09:14:33", Payer: company(i), Account: "*0913", In: "400.00", Balance: "1,204,400.00", Text: "证书续期 " + no(i),
			Status: page.Status{Tone: page.OK, Word: w("statements.verdict.new", nil)},
		})
	}
	return s
}

func bench(w words) any {
	b := matching.Bench{
		Tab: board.TabToConfirm, ToMatch: true, Count: "17",
		Tabs: []page.Tab{{Word: w("matching.tab.open", nil), URL: "/matching", Count: "17", Current: true}, {Word: w("matching.tab.auto", nil), URL: "/matching?tab=auto", Count: "120"}},
	}
	for i := range 17 {
		b.Credits = append(b.Credits, matching.Credit{
			Credit: board.Credit{ID: sampleID, BookedOn: pagetest.Now, AmountFen: 40000, PayerName: company(i), PayerAccountMask: "*0913", PayerBank: "工商银行", Text: "服务费", BankSerial: "C0928374650012", Branch: "招商银行深圳科技园支行"},
			URL:    "/matching?line=x", Selected: i == 0, Account: "*0019",
		})
	}
	chips := []page.Chip{{Tone: page.OK, Word: "金额一致"}, {Tone: page.Bad, Word: "户名不同"}, {Tone: page.NotYet, Word: "无订单号"}}
	b.Work = matching.Work{Credit: b.Credits[0], Open: true, Remark: []matching.Part{{Text: "服务费"}}, Amount: 40000, HasChosen: true, MayConfirm: true}
	for i := range 3 {
		b.Work.Candidates = append(b.Work.Candidates, matching.Candidate{
			Candidate: board.Candidate{OrderNo: no(i), Holder: company(i), Years: 2, DueFen: 40000, Score: 82 - 20*i}, Number: i + 1, URL: "/matching?order=x", Selected: i == 0, Chips: chips,
		})
	}
	b.Work.Chosen = b.Work.Candidates[0]
	b.Work.Voucher = matching.Voucher{Image: "/matching/vouchers/" + voucherID.String() + "/1", No: caseNo, At: pagetest.Now, Agree: true, Rows: []matching.Compared{
		{Word: w("matching.payer", nil), Voucher: company(0), Line: company(0), Same: true}, {Word: w("matching.amount", nil), Voucher: "¥400.00", Line: "¥400.00", Same: true},
	}}
	return b
}
