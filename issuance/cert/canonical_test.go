package cert_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

const (
	authorisationID = "0193a0a0-0000-7000-8000-000000000001"
	requestID       = "0193a0a0-0000-7000-8000-000000000002"
)

var now = time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)

func authorise(t testing.TB, h certtest.Holder, years int) cert.Authorisation {
	t.Helper()
	a, err := cert.NewAuthorisation(h.Old, cert.Grant{
		ID: authorisationID, Order: "R261122000019", Origin: cert.OriginReviewed, Content: cert.SM3([]byte("content")),
		Profile: cert.OrganisationProfile("http://localhost:8080").Ref(), Years: years, Keys: cert.KeepKeys,
		Now: now, Expires: now.Add(72 * time.Hour),
	})
	require.NoError(t, err)
	return a
}

func TestAuthorisationIsItsCanonicalBytes(t *testing.T) {
	h := certtest.NewHolder(t, certtest.Authority(t).CA, "中测试核电有限公司", now.AddDate(0, -1, 0))
	a := authorise(t, h, 2)
	raw := a.Canonical()
	require.True(t, strings.HasPrefix(string(raw), `{"content":"`), "keys are sorted")
	got, err := cert.ParseAuthorisation(raw)
	require.NoError(t, err)
	require.Equal(t, a, got)
	require.Equal(t, cert.RuleExpired, a.Term.Rule)

	for name, change := range map[string]func(string) string{
		"unknown field":    func(s string) string { return `{"aa":1,` + s[1:] },
		"duplicate field":  func(s string) string { return `{"keys":"keep",` + s[1:] },
		"other case":       func(s string) string { return strings.Replace(s, `"keys"`, `"Keys"`, 1) },
		"space":            func(s string) string { return strings.Replace(s, `,`, `, `, 1) },
		"trailing":         func(s string) string { return s + "{}" },
		"version":          func(s string) string { return strings.Replace(s, `"v":1`, `"v":2`, 1) },
		"key rule":         func(s string) string { return strings.Replace(s, `"keep"`, `"any"`, 1) },
		"too many years":   func(s string) string { return strings.Replace(s, `"years":2`, `"years":6`, 1) },
		"number form":      func(s string) string { return strings.Replace(s, `"years":2`, `"years":2.0`, 1) },
		"escape":           func(s string) string { return strings.Replace(s, `"keep"`, `"\u006beep"`, 1) },
		"local time":       func(s string) string { return strings.Replace(s, `Z"`, `+00:00"`, 1) },
		"upper case hash":  func(s string) string { return strings.Replace(s, a.Content, strings.ToUpper(a.Content), 1) },
		"order with space": func(s string) string { return strings.Replace(s, a.Order, "R 1", 1) },
		"empty":            func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			changed := change(string(raw))
			require.NotEqual(t, string(raw), changed)
			_, err := cert.ParseAuthorisation([]byte(changed))
			require.True(t, fault.HasKey(err, "authorisation_malformed"), "%v", err)
		})
	}
}

func TestPlanRefusesARequestThatDoesNotFollow(t *testing.T) {
	ca := certtest.Authority(t)
	h := certtest.NewHolder(t, ca.CA, "中测试核电有限公司", now.AddDate(0, -1, 0))
	other := certtest.NewHolder(t, ca.CA, "另一家有限公司", now.AddDate(0, -1, 0))
	profile := cert.OrganisationProfile("http://localhost:8080")
	caEnd := now.AddDate(10, 0, 0)
	otherKey, err := cert.EncodeKey(&other.SignKey.PublicKey)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		authorisation func(*cert.Authorisation)
		request       func(*cert.Request)
		old           *cert.Old
		want          string
	}{
		"as it should be":          {want: ""},
		"another authorisation":    {request: func(r *cert.Request) { r.Authorisation = cert.SM3(nil).Hex() }, want: "authorisation_mismatch"},
		"another old pair":         {old: &other.Old, want: "old_pair_mismatch"},
		"another profile":          {authorisation: func(a *cert.Authorisation) { a.Profile.Hash = cert.SM3(nil).Hex() }, want: "profile_mismatch"},
		"another subject":          {authorisation: func(a *cert.Authorisation) { a.Subject = b64(other.Old.Sign.RawSubject) }, want: "subject_mismatch"},
		"a longer validity":        {request: func(r *cert.Request) { r.NotAfter = cert.FormatTime(now.AddDate(4, 0, 0)) }, want: "dates_mismatch"},
		"a stranger's key":         {request: func(r *cert.Request) { r.SignKey = b64(otherKey) }, want: "keys_mismatch"},
		"keys exchanged":           {request: func(r *cert.Request) { r.SignKey, r.EncKey = r.EncKey, r.SignKey }, want: "keys_mismatch"},
		"the old serial":           {request: func(r *cert.Request) { r.EncSerial = string(cert.SerialFromInt(h.Old.Sign.SerialNumber)) }, want: "serial_reused"},
		"evidence of a key centre": {request: func(r *cert.Request) { r.KMC = cert.SM3(nil).Hex() }, want: "kmc_mismatch"},
		"rule of a valid pair":     {authorisation: func(a *cert.Authorisation) { a.Term.Rule = cert.RuleValid }, want: "term_rule_wrong"},
		"keys of a CSR, without":   {authorisation: func(a *cert.Authorisation) { a.Keys = cert.CSRKeys }, want: "csr_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			a := authorise(t, h, 1)
			r, err := cert.NewRequest(rand.Reader, requestID, a, h.Old, caEnd, now)
			require.NoError(t, err)
			if c.authorisation != nil {
				c.authorisation(&a)
				r.Authorisation = a.Digest().Hex()
			}
			if c.request != nil {
				c.request(&r)
			}
			r, err = cert.ParseRequest(r.Canonical())
			require.NoError(t, err, "each case is well-formed")
			old := h.Old
			if c.old != nil {
				old = *c.old
			}
			_, err = cert.Plan(a, r, cert.Material{Old: &old}, profile, caEnd)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

func FuzzParseAuthorisation(f *testing.F) {
	h := certtest.NewHolder(f, certtest.Authority(f).CA, "中测试核电有限公司", now.AddDate(0, -1, 0))
	f.Add(authorise(f, h, 2).Canonical())
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := cert.ParseAuthorisation(raw)
		if err != nil {
			return
		}
		require.Equal(t, string(raw), string(a.Canonical()), "accepted in a second form")
		require.Equal(t, cert.SM3(raw), a.Digest())
	})
}
