package ui_test

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/ui/certificates"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// revocationScreens are the wish to revoke a pair, what becomes of it, and the lists it ends on.
func revocationScreens() []screen {
	const form, one, all, lists = "/certificates/:serial/revoke", "/certificates/revocations/:id", "/certificates/revocations", "/certificates/crl"
	wrong := fault.InvalidFields(fault.Field{Name: "reason", Key: "field_required"}, fault.Field{Name: "grounds", Key: "field_required"}, fault.Field{Name: "typed", Key: "serial_digits_wrong"})
	return []screen{
		{name: "revocations", path: all, template: "certificates/revocations", data: func(w words) any { return revocationList(w, board.RevocationToCheck, 3) }},
		{name: "revocations-busy", path: all, template: "certificates/revocations", data: func(w words) any { return revocationList(w, board.RevocationBusy, 2) }},
		{name: "revocations-done", path: all, template: "certificates/revocations", data: func(w words) any { return revocationList(w, board.RevocationDone, 40) }},
		{name: "revocations-empty", path: all, template: "certificates/revocations", data: func(w words) any { return revocationList(w, board.RevocationToCheck, 0) }},
		{name: "crl", path: lists, template: "certificates/crl", data: func(w words) any { return crlPage(w, 50, page.OK, "certificates.crl.well") }},
		{name: "crl-late", path: lists, template: "certificates/crl", data: func(w words) any { return crlPage(w, 3, page.Bad, "certificates.crl.late") }},
		{name: "crl-empty", path: lists, template: "certificates/crl", data: func(w words) any { return crlPage(w, 0, "", "certificates.crl.none") }},
		{name: "revocation", path: one, template: "certificates/revocation", data: func(w words) any { return revocationOf(w, issuance.RevocationProposed) }},
		{name: "revocation-failed", path: one, template: "certificates/revocation", data: func(w words) any { return revocationOf(w, issuance.RevocationFailed) }},
		{name: "revocation-own", path: one, template: "certificates/revocation", data: func(w words) any {
			p := revocationOf(w, issuance.RevocationProposed)
			p.MayCheck, p.Own = false, true
			return p
		}},
		{name: "revocation-done", path: one, template: "certificates/revocation", data: func(w words) any { return revocationOf(w, issuance.RevocationRevoked) }},
		{name: "revoke", path: form, template: "certificates/revoke", data: func(w words) any { return revokePage(w) }},
		{name: "revoke-wrong", path: form, template: "certificates/revoke", refused: wrong, data: func(w words) any { return revokePage(w) }},
		{name: "revoke-foreign", path: form, template: "certificates/revoke", data: func(w words) any {
			p := revokePage(w)
			p.Refused, p.Revoking = w("revocation_open", nil), "/x"
			return p
		}},
	}
}

func revokePage(w words) certificates.RevokePage {
	p := certificates.RevokePage{
		Serial: caseSerial, EncSerial: caseSerial, Holder: company(0), Medium: caseMedium, Until: "2027-11-22 23:59:59",
		Status: page.Status{Tone: page.OK, Word: w("certificates.state.active", nil)}, Form: certificates.Wish{Reason: "4", AskedBy: issuance.AskedByHolder},
		Follows: certificates.Follows{Renewal: no(3), LedTo: no(1), Closes: true, SameKey: caseSerial},
	}
	for _, r := range []string{"1", "3", "4", "5", "9", "0"} {
		p.Reasons = append(p.Reasons, page.Choice{Value: r, Word: w("certificates.reason.long", map[string]any{"word": w("certificates.reason."+r, nil), "code": "keyCompromise"})})
	}
	for _, by := range []string{issuance.AskedByHolder, issuance.AskedByHouse} {
		p.AskedBy = append(p.AskedBy, page.Choice{Value: by, Word: w("certificates.asked_by."+by, nil)})
	}
	return p
}

func revocationStatus(w words, s issuance.RevocationState) page.Status {
	tones := map[issuance.RevocationState]string{
		issuance.RevocationProposed: page.Warn, issuance.RevocationApproved: page.Progress, issuance.RevocationRevoked: page.OK, issuance.RevocationFailed: page.Bad,
	}
	return page.Status{Tone: tones[s], Word: w("certificates.revocation."+string(s), nil)}
}

func revocationList(w words, tab board.RevocationTab, lines int) certificates.RevocationsPage {
	p := certificates.RevocationsPage{
		Tab: tab, Empty: page.Empty{Title: w("certificates.revocations.empty."+string(tab), nil), Text: w("certificates.revocations.empty", nil)},
		Pager: page.Pager{Shown: lines, Size: lines, Total: lines},
	}
	for i, t := range board.RevocationTabs {
		p.Tabs = append(p.Tabs, page.Tab{Word: w("certificates.revocations."+string(t), nil), URL: "/certificates/revocations?tab=" + string(t), Count: []string{"3", "2", "40", "1"}[i], Current: t == tab})
	}
	state := map[board.RevocationTab]issuance.RevocationState{
		board.RevocationToCheck: issuance.RevocationProposed, board.RevocationBusy: issuance.RevocationApproved, board.RevocationDone: issuance.RevocationRevoked,
	}[tab]
	for i := range lines {
		l := certificates.RevocationLine{
			Status: revocationStatus(w, state), Why: w("certificates.reason."+[]string{"1", "4", "5", "3"}[i%4], nil),
			RevocationLine: board.RevocationLine{
				ID: uuid.UUID{15: byte(i + 1)}, Holder: company(i), MediumNo: caseMedium, SignSerial: caseSerial, AskedBy: issuance.AskedByHolder,
				ByName: colleagues[1].name, ByNo: colleagues[1].no, ChangedAt: *ago(time.Duration(i) * 7 * time.Hour), Listed: int64(240 - i),
			},
		}
		if tab == board.RevocationBusy && i == 1 {
			l.Status, l.Note = revocationStatus(w, issuance.RevocationFailed), w("revocation_expired", nil)
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

func revocationOf(w words, s issuance.RevocationState) certificates.RevocationPage {
	p := certificates.RevocationPage{
		ID: uuid.UUID{15: 1}.String(), State: s, Status: revocationStatus(w, s), Serial: caseSerial, EncSerial: caseSerial, Holder: company(0), Medium: caseMedium,
		Reason: w("certificates.reason.1", nil), AskedBy: w("certificates.asked_by.holder", nil), Grounds: "来函 2026-118 号：Ukey 与 PIN 一并失窃，已回拨单位登记电话核实。",
		Expires: "2026-11-29 10:31:07", Digest: caseSerial + caseSerial, MayCheck: s == issuance.RevocationProposed, MayRetry: s == issuance.RevocationFailed,
		Follows: certificates.Follows{LedTo: no(1), Closes: true},
	}
	who := func(i int) string {
		return colleagues[i].name + " " + colleagues[i].no + " · " + w("certificates.signed.sm2", nil)
	}
	step := func(tone, word, text, when string) {
		p.Course = append(p.Course, page.Step{Status: page.Status{Tone: tone, Word: w("certificates.course."+word, nil)}, Text: text, When: when})
	}
	step(page.OK, "revoke", who(1), "2026-11-22 10:31:07")
	switch s {
	case issuance.RevocationFailed:
		p.Note = w("signer_stopped", nil)
		step(page.OK, "revoke_check", who(2), "2026-11-22 10:44:51")
		step(page.Bad, "signer", p.Note, "")
		step(page.NotYet, "listed", "", "")
	case issuance.RevocationRevoked:
		step(page.OK, "revoke_check", who(2), "2026-11-22 10:44:51")
		step(page.OK, "signer", w("certificates.course.seq", map[string]any{"seq": 1204}), "2026-11-22 10:44:52")
		step(page.OK, "listed", w("certificates.course.number", map[string]any{"number": 241}), "")
	default:
		step(page.NotYet, "revoke_check", "", "")
		step(page.NotYet, "signer", "", "")
		step(page.NotYet, "listed", "", "")
	}
	return p
}

func crlPage(w words, lines int, tone, title string) certificates.ListsPage {
	p := certificates.ListsPage{
		Public: "/crl/issuing.crl", Empty: page.Empty{Title: w("certificates.crl.empty", nil), Text: w("certificates.crl.empty.text", nil)},
		State: page.Banner{Tone: tone, Title: w(title, map[string]any{"until": "2026-11-29 10:31:07", "due": "2026-11-25 22:31:07"})},
		Pager: page.Pager{Shown: lines, Size: lines, Total: 241, Next: "/certificates/crl?before=192"},
	}
	if tone == page.Bad {
		p.State.Text = w("signer_locked", nil)
	}
	for i := range lines {
		status := page.Status{Tone: page.Closed, Word: w("certificates.crl.replaced", nil)}
		if i == 0 {
			status = page.Status{Tone: page.OK, Word: w("certificates.crl.current", nil)}
		}
		at := pagetest.Now.Add(-time.Duration(i) * 84 * time.Hour)
		p.Lines = append(p.Lines, certificates.ListLine{
			Number: uint64(241 - i), ThisUpdate: at, NextUpdate: at.Add(7 * 24 * time.Hour), Entries: 1204 - 2*i, SM3: caseSerial + caseSerial, Seq: uint64(90_000 - 370*i), File: "/x", Status: status,
		})
	}
	return p
}
