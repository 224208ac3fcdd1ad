package ui_test

import (
	"time"

	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/issuance/cert"
	"caconsole/issuance/manual"
	issuanceui "caconsole/ui/issuance"
	"caconsole/ui/page"
)

// manualScreens are an order opened by hand, from its form to its result, before each of its two issuers.
func manualScreens() []screen {
	show := func(change func(words, *issuanceui.ManualPage)) func(words) any {
		return func(w words) any {
			p := manualOrder(w)
			change(w, &p)
			return p
		}
	}
	wrong := fault.InvalidFields(fault.Field{Name: "serial", Key: "serial_unknown"}, fault.Field{Name: "csr", Key: "csr_empty_id"}, fault.Field{Name: "waiver_text", Key: "manual_receipt_missing"}, fault.Field{Name: "agent.phone", Key: "required"})
	return []screen{
		{name: "manual-list", path: "/issuance", template: "issuance/list", data: func(w words) any {
			p := issueList(w, board.IssueManual, 7)
			for i := range p.Lines {
				p.Lines[i].Kind, p.Lines[i].Stage, p.Lines[i].Barred = order.Manual, []order.Stage{order.StageToIssue, order.StagePapers, order.StageReturned}[i%3], i == 0
				p.Lines[i].Reviewer, p.Lines[i].ReviewerNo, p.Lines[i].ApprovedAt = "", "", nil
			}
			return p
		}},
		{name: "manual-list-empty", path: "/issuance", template: "issuance/list", data: func(w words) any { return issueList(w, board.IssueManual, 0) }},
		{name: "manual-new", path: "/issuance/manual/new", template: "issuance/manual_new", data: func(w words) any { return manualEntry(w, issuanceui.Entry{Years: 1, Keys: cert.KeepKeys}) }},
		{name: "manual-new-refused", path: "/issuance/manual/new", template: "issuance/manual_new", refused: wrong, data: func(w words) any {
			return manualEntry(w, issuanceui.Entry{
				Serial: "5E21 0B17 20CD 94F6", Years: 3, Keys: cert.CSRKeys, CSR: "-----BEGIN CERTIFICATE REQUEST-----\nMIIBFjCBvAIBADBaMQswCQYDVQQGEwJDTjESMBAGA1UECAwJ5bm/5Lic55yBMQ8w\n-----END CERTIFICATE REQUEST-----", Grounds: "ukey_broken", GroundsText: "Ukey 进水，驱动读不出证书，已寄回旧 Ukey", Identified: "in_person",
				IdentifiedText: "2026-11-22 上午持身份证原件到深圳柜台", Consent: manual.OnPaper, Waiver: manual.PaidOutside, AgentName: "李晓明", AgentID: "440301199003074514", AgentEmail: "li@example.cn",
			})
		}},
		{name: "manual-first", path: "/issuance/manual/:no", template: "issuance/manual_show", data: show(func(w words, p *issuanceui.ManualPage) {
			p.Own, p.MayChange, p.MaySign, p.MayCheck, p.Say = true, true, true, false, w("manual.say.sign", nil)
			p.Chain[1], p.Chain[2].Tone, p.Chain[2].Text = page.Step{Status: page.Status{Tone: page.Progress, Word: w("manual.step.issue", nil)}, Text: w("manual.step.issue.waits", nil)}, page.NotYet, ""
		})},
		{name: "manual-returned", path: "/issuance/manual/:no", template: "issuance/manual_show", data: show(func(w words, p *issuanceui.ManualPage) {
			p.Own, p.MayChange, p.MayCheck, p.Say = true, true, false, w("manual.say.returned", nil)
			p.Status = page.Status{Tone: page.Back, Word: w("stage.returned", nil)}
			p.Papers[1] = issuanceui.ManualPaper{Kind: document.ConsentPaper, Missing: true}
			p.Chain = p.Chain[:1]
			p.Returns = []issuanceui.Returned{{Who: colleagues[1].name + " " + colleagues[1].no, At: *ago(time.Hour), Reason: "身份证照片反光，看不清号码；同意书缺公章。"}}
		})},
		{name: "manual-check", path: "/issuance/manual/:no", template: "issuance/manual_show", data: show(func(w words, p *issuanceui.ManualPage) {})},
		{name: "manual-check-refused", path: "/issuance/manual/:no", template: "issuance/manual_show", refused: fault.InvalidField("typed", "typed_wrong_order"), data: show(func(w words, p *issuanceui.ManualPage) {
			p.Typed, p.Failure = "0001", w("key_revoked", nil)
		})},
		{name: "manual-unsound", path: "/issuance/manual/:no", template: "issuance/manual_show", data: show(func(w words, p *issuanceui.ManualPage) {
			p.MayCheck, p.Rows, p.Passed, p.ZLint, p.Refused, p.Say = false, nil, 0, 0, w("validity_beyond_ca", map[string]any{"years": 3}), w("manual.say.unsound", nil)
		})},
		{name: "manual-made", path: "/issuance/manual/:no", template: "issuance/manual_show", data: show(func(w words, p *issuanceui.ManualPage) {
			p.MayCheck, p.Rows, p.Passed, p.ZLint, p.Made, p.Say = false, nil, 0, 0, caseSerial, w("manual.say.made", nil)
			p.Status = page.Status{Tone: page.Progress, Word: w("stage.update", nil)}
			p.Chain[2].Tone, p.Chain[2].Text, p.Chain[2].When = page.OK, colleagues[1].name+" "+colleagues[1].no, "11-22 10:40"
		})},
	}
}

func manualEntry(w words, f issuanceui.Entry) issuanceui.EntryPage {
	offer := func(name string, codes []string) (out []page.Choice) {
		for _, code := range codes {
			out = append(out, page.Choice{Value: code, Word: w("manual."+name+"."+code, nil)})
		}
		return out
	}
	p := issuanceui.EntryPage{
		Form: f, Grounds: offer("grounds", manual.Grounds), Identified: offer("identified", manual.Identifications),
		Consent: offer("consent", manual.Consents), Waiver: offer("waiver", manual.Waivers),
	}
	for n := range 5 {
		p.Years = append(p.Years, page.Choice{Value: string(rune('1' + n)), Word: w("issuance.n_years", map[string]any{"years": n + 1})})
	}
	return p
}

// manualOrder is an order with its first signature, before the second issuer.
func manualOrder(w words) issuanceui.ManualPage {
	fact := func(name, code, text string) issuanceui.Fact {
		return issuanceui.Fact{Word: w("manual."+name, nil), Value: w("manual."+name+"."+code, nil), Text: text}
	}
	p := issuanceui.ManualPage{
		Detail: issueDetail(w), Digest: caseSerial + caseSerial, MayCheck: true, Say: w("manual.say.check", nil),
		Strip: page.Gates{ByHand: true, Consent: "given", Documents: "accepted", Identity: "passed", Payment: "waived", Authorisation: "none", Issuance: "none", Delivery: "none", Invoice: "none"}.Strip(),
		Keys: []issuanceui.KeySource{
			{Kind: cert.Sign, Source: w("manual.key.sign.csr", nil), Text: w("manual.key.sign.csr.text", map[string]any{"subject": "C=CN, O=" + company(0) + ", CN=测试"}), Fingerprint: caseSerial},
			{Kind: cert.Enc, Source: w("manual.key.enc.keep", nil), Text: w("manual.key.enc.keep.text", nil)},
		},
		Grounds: []issuanceui.Fact{
			fact("grounds", "ukey_broken", "Ukey 进水，驱动读不出证书，已寄回旧 Ukey。"), fact("identified", "in_person", "2026-11-22 上午持身份证原件到深圳柜台，与证件照片比对一致。"),
			fact("consent", manual.OnPaper, ""), fact("waiver", manual.PaidOutside, "收据 2026-0117"),
		},
		Agent: []issuanceui.Fact{{Word: w("manual.agent", nil), Value: "李**　4403**********4514"}, {Word: w("manual.agent_phone", nil), Value: "136****9020"}},
		Papers: []issuanceui.ManualPaper{
			{Kind: document.IdentityEvidence, At: *ago(2 * time.Hour), SM3: caseSerial, Images: []page.Link{{URL: "/x", Word: w("manual.paper.page", map[string]any{"n": 1})}, {URL: "/x", Word: w("manual.paper.page", map[string]any{"n": 2})}}},
			{Kind: document.ConsentPaper, At: *ago(2 * time.Hour), SM3: caseSerial},
		},
		Chain: []page.Step{
			{Status: page.Status{Tone: page.OK, Word: w("manual.step.open", nil)}, Text: colleagues[0].name + " " + colleagues[0].no, When: "11-22 08:12"},
			{Status: page.Status{Tone: page.OK, Word: w("manual.step.issue", nil)}, Text: colleagues[0].name + " " + colleagues[0].no, When: "11-22 08:36"},
			{Status: page.Status{Tone: page.Progress, Word: w("manual.step.issue_check", nil)}, Text: w("manual.step.issue_check.waits", nil)},
		},
	}
	p.MayConfirm, p.Approvals = false, nil
	for _, k := range document.ByHand {
		p.Kinds = append(p.Kinds, page.Choice{Value: string(k), Word: w("document."+string(k), nil)})
	}
	return p
}
