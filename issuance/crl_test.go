package issuance_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

// lister is a signer that gives whatever list it is told to.
type lister struct {
	answer func(number uint64) (cert.CRL, error)
}

func (l *lister) CRL(_ context.Context, in cert.CRLOrder) (cert.CRL, error) {
	return l.answer(in.Number)
}

func (*lister) Revoke(context.Context, cert.RevocationOrder) (cert.Revoked, error) {
	return cert.Revoked{}, fault.Down("signer_unavailable", time.Second, nil)
}

// What is no newer list of this CA, with everything on it that was on the last one, is never stored.
func TestListIsChecked(t *testing.T) {
	b := setup(t)
	ca, foreign := certtest.Authority(t), certtest.Authority(t)
	l := &lister{}
	b.UseRevoker(l)
	b.tx(t, func(tx pg.Tx) error {
		return b.KeepAuthority(t.Context(), tx, cert.Chain{CA: ca.CA.Cert.Raw, Root: ca.Root.Cert.Raw, Profile: b.Profile.Canonical()})
	})
	_, over := b.imported(t, "早已到期有限公司") // ran out a month ago
	on := []cert.RevocationEntry{{Serial: "0b01", At: now}, {Serial: over.Sign.Serial, At: now.AddDate(0, -2, 0)}}
	list := func(number uint64, change func(*cert.RevocationList)) cert.RevocationList {
		out := cert.RevocationList{Number: number, ThisUpdate: now.Add(time.Duration(number) * time.Hour), NextUpdate: now.AddDate(0, 0, 7), Entries: on}
		if change != nil {
			change(&out)
		}
		return out
	}
	give := func(by cert.Issuer, in cert.RevocationList, change func(*cert.CRL)) {
		l.answer = func(uint64) (cert.CRL, error) {
			out := cert.CRL{Number: in.Number, DER: certtest.CRL(t, by, in), Entries: len(in.Entries), JournalHead: cert.JournalHead{Seq: 9, Head: cert.SM3(nil).Hex()}}
			if change != nil {
				change(&out)
			}
			return out, nil
		}
	}
	keep := func() (issuance.List, error) {
		got, err := b.AskList(t.Context(), b.q(t))
		if err == nil {
			b.tx(t, func(tx pg.Tx) error { _, err := b.KeepList(t.Context(), tx, got); return err })
		}
		return got, err
	}
	give(ca.CA, list(1, nil), nil)
	first, err := keep()
	require.NoError(t, err)
	require.Equal(t, first.ThisUpdate.Add(first.NextUpdate.Sub(first.ThisUpdate)/2), first.Due())

	for name, c := range map[string]struct {
		by     cert.Issuer
		list   cert.RevocationList
		change func(*cert.CRL)
		key    string
	}{
		"of another CA":        {foreign.CA, list(2, nil), nil, "crl_wrong"},
		"no list":              {ca.CA, list(2, nil), func(c *cert.CRL) { c.DER = c.DER[1:] }, "crl_wrong"},
		"the last one again":   {ca.CA, list(1, nil), nil, "crl_wrong"},
		"said to be another":   {ca.CA, list(3, nil), func(c *cert.CRL) { c.Number = 2 }, "crl_wrong"},
		"miscounted":           {ca.CA, list(2, nil), func(c *cert.CRL) { c.Entries++ }, "crl_wrong"},
		"without a head":       {ca.CA, list(2, nil), func(c *cert.CRL) { c.Head = "" }, "crl_wrong"},
		"made before the last": {ca.CA, list(2, func(l *cert.RevocationList) { l.ThisUpdate = now }), nil, "crl_wrong"},
		"one is missing":       {ca.CA, list(2, func(l *cert.RevocationList) { l.Entries = on[1:] }), nil, "crl_shrinks"},
		"all are missing":      {ca.CA, list(2, func(l *cert.RevocationList) { l.Entries = nil }), nil, "crl_shrinks"},
	} {
		give(c.by, c.list, c.change)
		_, err := keep()
		require.True(t, fault.HasKey(err, c.key), "%s: %v", name, err)
	}
	l.answer = func(uint64) (cert.CRL, error) {
		return cert.CRL{}, fault.New(fault.Conflict, "crl_number_wrong", fault.Args{"number": float64(0)}) // as JSON has it
	}
	_, err = keep()
	require.True(t, fault.HasKey(err, "crl_behind"), "%v", err)
	last, err := b.LastList(t.Context(), b.q(t))
	require.NoError(t, err)
	require.Equal(t, first.SM3, last.SM3, "the last good one is served on")

	give(ca.CA, list(2, func(l *cert.RevocationList) { l.Entries = on[:1] }), nil)
	next, err := keep()
	require.NoError(t, err, "what ran out before the last list may go")
	require.Equal(t, 1, next.Entries)
}
