package ui_test

import (
	"time"

	"caconsole/admin/board"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/ui/certificates"
	issuanceui "caconsole/ui/issuance"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

const caseSerial = "5e210b1720cd94f65e210b1720cd94f6"

// certificateScreens are the inventory and one pair of it.
func certificateScreens() []screen {
	return []screen{
		{name: "certificates", path: "/certificates", template: "certificates/list", data: func(w words) any { return certificateList(w, 50) }},
		{name: "certificates-empty", path: "/certificates", template: "certificates/list", data: func(w words) any { return certificateList(w, 0) }},
		{name: "issue", path: "/issuance/:no", template: "issuance/show", data: func(w words) any { return issueDetail(w) }},
		{name: "issue-made", path: "/issuance/:no", template: "issuance/show", data: func(w words) any {
			p := issueDetail(w)
			p.NewSerial, p.MayConfirm, p.Status = caseSerial, false, page.Status{Tone: page.Progress, Word: w("stage.update", nil)}
			return p
		}},
		{name: "issue-refused", path: "/issuance/:no", template: "issuance/show", data: func(w words) any {
			return issuanceui.Detail{No: caseNo, Holder: company(0), Medium: caseMedium, Years: 1, Status: page.Status{Tone: page.Progress, Word: w("stage.to_issue", nil)}, Refused: w("authorisation_missing", nil), Failure: w("signer_unavailable", nil)}
		}},
		{name: "certificate", path: "/certificates/:serial", template: "certificates/show", data: certificate},
	}
}

func certificateList(w words, lines int) certificates.Page {
	p := certificates.Page{
		Tab: board.CertificateActive, Empty: page.Empty{Title: w("certificates.empty.active", nil)},
		Query: page.Query{Action: "/certificates", Fields: []page.QueryField{
			{Name: "number", Label: w("certificates.number", nil), Kind: "text", Placeholder: w("certificates.number.hint", nil)},
			{Name: "holder", Label: w("certificates.holder", nil), Kind: "text", Placeholder: w("certificates.holder.hint", nil)},
			{Name: "org", Label: w("certificates.org", nil), Kind: "text", Placeholder: w("certificates.org.hint", nil)},
		}},
		Pager: page.Pager{Shown: lines, Size: lines, Total: 1000, Capped: true, Next: "/certificates?after=x"},
	}
	for i, t := range board.CertificateTabs {
		p.Tabs = append(p.Tabs, page.Tab{Word: w("certificates.tab."+string(t), nil), URL: "/certificates?tab=" + string(t), Count: []string{"1,000+", "86", "41", "1,000+", "3"}[i], Current: i == 0})
	}
	states := []page.Status{
		{Tone: page.OK, Word: w("certificates.state.active", nil)},
		{Tone: page.Warn, Word: w("certificates.state.soon", map[string]any{"days": 12})},
		{Tone: page.Locked, Word: w("certificates.state.held", nil)},
		{Tone: page.Bad, Word: w("certificates.state.revoked", nil)},
	}
	for i := range lines {
		p.Lines = append(p.Lines, certificates.Line{Status: states[i%4], CertificateLine: board.CertificateLine{
			Project: "中广核 ECP 项目", Holder: company(i), MediumNo: caseMedium, SignSerial: caseSerial, NotBefore: *ago(9000 * time.Hour), NotAfter: *ago(-time.Duration(i) * 240 * time.Hour),
		}})
	}
	return p
}

func certificate(w words) any {
	facts := issuance.Facts{
		Serial: caseSerial, Subject: "C=CN, ST=广东省, L=深圳市, O=" + company(0) + ", CN=" + company(0), Issuer: "C=CN, O=示例电子认证服务有限公司, CN=示例签发 CA",
		NotBefore: *ago(9000 * time.Hour), NotAfter: *ago(-9000 * time.Hour), Identity: []string{"91440300192203821X"}, Policies: []string{"1.2.156.157.2.1.1"},
		CRL: []string{"http://localhost:8080/crl/issuing.crl"}, KeyID: caseSerial, SM3: caseSerial + caseSerial, SHA256: caseSerial + caseSerial,
	}
	at := pagetest.Now
	seq, active := int64(1204), page.Status{Tone: page.OK, Word: w("certificates.state.active", nil)}
	d := certificates.Detail{
		Serial: caseSerial, Holder: company(0), OrgNumber: "91440300192203821X", Medium: caseMedium, Status: active, Successor: caseSerial, ChainFile: "/x",
		Chain: page.Status{Tone: page.OK, Word: w("certificates.chain.holds", nil)}, Authority: &facts,
		Halves: []certificates.Half{
			{Kind: cert.Sign, Facts: facts, Usage: w("certificates.usage.digitalSignature", nil), File: "/x"},
			{Kind: cert.Enc, Facts: facts, Usage: w("certificates.usage.keyEncipherment", nil), File: "/x"},
		},
	}
	for i := range 3 {
		g := certificates.Kin{Status: active, Current: i == 0, Generation: board.Generation{SignSerial: caseSerial, NotBefore: *ago(9000 * time.Hour), NotAfter: *ago(-9000 * time.Hour)}}
		if i < 2 {
			g.OrderNo, g.RecordedAt, g.SignerSeq = no(i), &at, &seq
		}
		if i == 0 {
			g.Reviewer, g.ReviewerNo, g.Issuer, g.IssuerNo = colleagues[0].name, colleagues[0].no, colleagues[1].name, colleagues[1].no
		}
		d.Family = append(d.Family, g)
	}
	return d
}

func issueDetail(w words) issuanceui.Detail {
	d := issuanceui.Detail{
		No: caseNo, Holder: company(0), Medium: caseMedium, Years: 2, Status: page.Status{Tone: page.Progress, Word: w("stage.to_issue", nil)},
		Profile: "organisation-1", Hash: caseSerial + caseSerial, Passed: 63, ZLint: 84, Expires: "2026-11-25 10:31", MayConfirm: true,
		Approvals: []issuanceui.Approval{{Duty: w("issuance.duty.review", nil), Who: colleagues[0].name + " " + colleagues[0].no, At: "2026-11-22 10:31:07"}},
		Rules:     []issuanceui.Rule{{Status: page.Status{Tone: page.Warn, Word: w("lint_dn_lengths", nil)}, Kind: cert.Sign, Detail: "O has 70 characters"}},
	}
	name := "C=CN, ST=广东省, L=深圳市, O=" + company(0) + ", CN=" + company(0)
	for _, r := range [][3]string{{"subject", name, name}, {"identity", "91440300192203821X", "91440300192203821X"}, {"until", "2026-11-01 23:59:59", "2028-11-22 23:59:59"}, {"from", "2025-11-01 00:00:00", w("issuance.at_signing", nil)}, {"key", w("issuance.key.on_ukey", nil), w("issuance.keys.keep", nil)}, {"policy", "1.2.156.157.2.1.1", "1.2.156.157.2.1.1"}, {"crl", "", "http://localhost:8080/crl/issuing.crl"}} {
		d.Rows = append(d.Rows, issuanceui.Row{Word: r[0], Old: r[1], New: r[2], Same: r[1] == r[2]})
	}
	return d
}
