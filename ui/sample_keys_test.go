package ui_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/ui/keys"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// keyScreens are a person's own keys and the key officers' registry.
func keyScreens() []screen {
	mine := func(rows int, change func(w words, m *keys.Mine)) func(w words) any {
		return func(w words) any {
			m := myKeys(w, rows)
			if change != nil {
				change(w, &m)
			}
			return m
		}
	}
	registry := func(keysN, requests int, change func(w words, r *keys.Registry)) func(w words) any {
		return func(w words) any {
			r := keyRegistry(w, keysN, requests)
			if change != nil {
				change(w, &r)
			}
			return r
		}
	}
	return []screen{
		{name: "my-keys", path: "/my-keys", template: "keys/mine", data: mine(6, nil)},
		{name: "my-keys-delegated", path: "/my-keys", template: "keys/mine", data: mine(3, func(_ words, m *keys.Mine) { m.Shift.Until = pagetest.Now.Add(8 * time.Hour) })},
		{name: "my-keys-none", path: "/my-keys", template: "keys/mine", data: mine(0, func(w words, m *keys.Mine) {
			m.NoPass, m.Shift = w("staffkeys.passkey.sm2_only", nil), &keys.Shift{}
		})},
		{
			name: "my-keys-refused", path: "/my-keys", template: "keys/mine", data: mine(2, func(_ words, m *keys.Mine) { m.Shift.Ready = false }),
			refused: fault.New(fault.Conflict, "key_challenge_used", nil),
		},
		{name: "registry", path: "/keys", template: "keys/registry", data: registry(40, 3, nil)},
		{name: "registry-quiet", path: "/keys", template: "keys/registry", data: registry(6, 0, func(w words, r *keys.Registry) {
			r.Flagged, r.Signer = 0, keys.Signer{Status: page.Status{Tone: page.Bad, Word: w("staffkeys.signer.silent", nil)}}
			for i := range r.Keys {
				r.Keys[i].Status = page.Status{Tone: page.OK, Word: w("staffkeys.state.valid", nil)}
			}
		})},
		{name: "registry-change", path: "/keys", template: "keys/registry", data: registry(12, 2, openChange)},
		{name: "registry-change-refused", path: "/keys", template: "keys/registry", data: registry(12, 2, func(w words, r *keys.Registry) {
			openChange(w, r)
			r.Change.Given, r.Change.Full, r.Change.Mine, r.Change.Refused = 2, true, true, w("registry_change_malformed", nil)
		})},
		{
			name: "registry-refuse", path: "/keys", template: "keys/registry", data: registry(8, 1, func(_ words, r *keys.Registry) { r.Refusing = r.Requests[0].ID }),
			refused: fault.InvalidField("reason", "field_required"),
		},
	}
}

func keyID(n int) string { return strings.Repeat(fmt.Sprintf("%02x9c41e0", n%256), 8) }

func myKeys(w words, rows int) keys.Mine {
	m := keys.Mine{
		Officers: 2, Ukey: true, Shift: &keys.Shift{Allowed: true, Ready: true},
		Empty: page.Empty{Title: w("staffkeys.none", nil), Text: w("staffkeys.none.text", nil)},
	}
	for i, s := range []struct{ tone, word, kind string }{
		{page.Progress, "open", "webauthn"}, {page.OK, "valid", "sm2"}, {page.OK, "valid", "webauthn"}, {page.Bad, "refused", "sm2"}, {page.Closed, "revoked", "sm2"}, {page.Closed, "expired", "webauthn"},
	} {
		if i >= rows {
			break
		}
		row := keys.MyKey{
			Kind: w("staffkeys.kind."+s.kind, nil), ID: keyID(i), Status: page.Status{Tone: s.tone, Word: w("staffkeys.state."+s.word, nil)}, From: *ago(time.Duration(i) * 900 * time.Hour),
		}
		switch s.word {
		case "open":
			row.Withdraw = "/x"
		case "refused":
			row.Why = "工号与本人不符，请由本人重新申请"
		case "valid":
			row.Until = *ago(-9000 * time.Hour)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func keyRegistry(w words, n, requests int) keys.Registry {
	r := keys.Registry{
		Seq: 7, Digest: keyID(200), Needed: 2, May: true, Flagged: 2, Chosen: "3",
		Signer: keys.Signer{Status: page.Status{Tone: page.OK, Word: w("staffkeys.signer.open", nil)}, Facts: []keys.Fact{
			{Label: w("staffkeys.signer.given", nil), Value: "key_officer1" + w("staffkeys.and", nil) + "key_officer2"},
			{Label: w("staffkeys.signer.needed", nil), Value: w("staffkeys.signer.needed.of", map[string]any{"needed": 2, "shares": 2})},
			{Label: w("staffkeys.signer.key", nil), Value: "software"},
			{Label: w("staffkeys.signer.software", nil), Value: w("staffkeys.yes", nil)},
			{Label: w("staffkeys.signer.passkeys", nil), Value: w("staffkeys.yes", nil)},
			{Label: w("staffkeys.signer.crl", nil), Value: "128"},
			{Label: w("staffkeys.signer.next", nil), Value: "2026-11-23 10:31:07"},
		}},
	}
	for _, y := range []int{1, 2, 3, 5} {
		r.Years = append(r.Years, page.Choice{Value: strconv.Itoa(y), Word: w("staffkeys.years", map[string]any{"count": y})})
	}
	who := func(i int) string {
		c := colleagues[i%len(colleagues)]
		return c.name + " " + c.no
	}
	for i := range requests {
		r.Requests = append(r.Requests, keys.Asked{
			ID: fmt.Sprintf("01930000-0000-7000-8000-0000000009%02d", i), Who: who(i), Login: "reviewer1", Roles: w("role.reviewer", nil), Kind: w("staffkeys.kind.webauthn", nil), KeyID: keyID(i + 100), At: *ago(time.Hour), Chosen: i == 0,
		})
	}
	for i := range n {
		k := keys.Counted{
			Who: who(i), Login: "reviewer1", Roles: w("role.reviewer", nil), Kind: w("staffkeys.kind.sm2", nil), KeyID: keyID(i), From: *ago(2000 * time.Hour), Until: *ago(-9000 * time.Hour),
			Status: page.Status{Tone: page.OK, Word: w("staffkeys.state.valid", nil)},
		}
		switch i {
		case 0:
			k.Status = page.Status{Tone: page.Warn, Word: w("staffkeys.differs.suspended", nil)}
		case 1:
			k.Status = page.Status{Tone: page.Warn, Word: w("staffkeys.differs.roles", nil)}
			k.Roles = w("role.reviewer", nil) + w("staffkeys.and", nil) + w("role.second_reviewer", nil)
		case 2:
			k.Until = time.Time{}
		}
		r.Keys = append(r.Keys, k)
	}
	return r
}

func openChange(w words, r *keys.Registry) {
	adds := r.Keys[2:4]
	r.Requests[0].InChange, r.Keys[0].Taken = true, true
	r.Change = &keys.Change{
		Digest: keyID(201), Seq: 8, By: colleagues[0].name + " " + colleagues[0].no, At: *ago(time.Hour), Adds: adds, Takes: r.Keys[:1], Given: 1,
		Signed: []page.Step{{Status: page.Status{Tone: page.OK, Word: colleagues[0].name + " " + colleagues[0].no}, Text: w("staffkeys.kind.sm2", nil), When: "2026-11-22 10:31:07"}},
	}
}
