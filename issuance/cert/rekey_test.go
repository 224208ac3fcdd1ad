package cert_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

// rekey is a renewal on the key of a CSR.
type rekey struct {
	t       *testing.T
	holder  certtest.Holder
	centre  certtest.Centre
	key     *sm2.PrivateKey
	profile cert.Profile
	a       cert.Authorisation
	m       cert.Material
}

var caEnd = now.AddDate(10, 0, 0)

// newRekey prepares one whose encryption key follows a rule of the profile.
func newRekey(t *testing.T, rule string) *rekey {
	t.Helper()
	r := &rekey{
		t:      t,
		holder: certtest.NewHolder(t, certtest.Authority(t).CA, "中测试核电有限公司", now.AddDate(0, 1, 0)),
		centre: certtest.NewCentre(t), key: newKey(t), profile: cert.OrganisationProfile(base),
	}
	r.profile.EncKey = rule
	var err error
	r.a, err = cert.NewAuthorisation(r.holder.Old, cert.Grant{
		ID: authorisationID, Order: "R261122000019", Origin: cert.OriginReviewed, Content: cert.SM3([]byte("content")),
		Profile: r.profile.Ref(), Years: 1, Keys: cert.CSRKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	r.m = cert.Material{Old: &r.holder.Old, CSR: certtest.CSR(t, r.key)}
	if rule == cert.EncKeyKMC {
		e, _ := r.centre.Evidence(t, requestID, &r.key.PublicKey)
		r.m.KMC = &e
	}
	return r
}

func (r *rekey) request() (cert.Request, error) {
	return cert.NewRequestOf(rand.Reader, requestID, r.a, r.m, r.profile, caEnd, now)
}

func TestRekeyTakesTheKeysOfTheCSRAndOfTheCentre(t *testing.T) {
	for rule, enc := range map[string]func(*rekey) string{
		cert.EncKeyKeep: func(r *rekey) string { return encoded(t, &r.holder.EncKey.PublicKey) },
		cert.EncKeyKMC:  func(r *rekey) string { return r.m.KMC.EncKey },
	} {
		t.Run(rule, func(t *testing.T) {
			r := newRekey(t, rule)
			req, err := r.request()
			require.NoError(t, err)
			s, err := cert.Plan(r.a, req, r.m, r.profile, caEnd)
			require.NoError(t, err)
			require.Equal(t, encoded(t, &r.key.PublicKey), encoded(t, s.SignKey))
			require.Equal(t, enc(r), encoded(t, s.EncKey))
			pair, err := cert.Build(nil, certtest.Authority(t).CA, s)
			require.NoError(t, err)
			x, err := smx509.ParseCertificate(pair.Sign)
			require.NoError(t, err)
			require.Equal(t, r.holder.Old.Sign.RawSubject, x.RawSubject, "the CSR's own subject counts for nothing")
		})
	}
}

func encoded(t *testing.T, key any) string {
	t.Helper()
	der, err := cert.EncodeKey(key)
	require.NoError(t, err)
	return b64(der)
}

func TestRekeyRefusesOtherMaterial(t *testing.T) {
	for label, c := range map[string]struct {
		rule   string
		change func(*rekey)
		want   string
	}{
		"no CSR":                          {cert.EncKeyKeep, func(r *rekey) { r.m.CSR = nil }, "csr_missing"},
		"another's CSR":                   {cert.EncKeyKeep, func(r *rekey) { r.m.CSR = certtest.CSR(r.t, newKey(r.t)) }, "keys_mismatch"},
		"a broken CSR":                    {cert.EncKeyKeep, func(r *rekey) { r.m.CSR[len(r.m.CSR)-1] ^= 1 }, "csr_signature_wrong"},
		"a CSR of the encryption key":     {cert.EncKeyKeep, func(r *rekey) { r.m.CSR = certtest.CSR(r.t, r.holder.EncKey) }, "keys_equal"},
		"a CSR of an escrowed key":        {cert.EncKeyKMC, func(r *rekey) { r.m.CSR = certtest.CSR(r.t, r.holder.EncKey) }, "keys_equal"},
		"a CSR where the keys are kept":   {cert.EncKeyKeep, func(r *rekey) { r.a.Keys = cert.KeepKeys }, "csr_surplus"},
		"no evidence":                     {cert.EncKeyKMC, func(r *rekey) { r.m.KMC = nil }, "kmc_mismatch"},
		"evidence nobody asked for":       {cert.EncKeyKeep, func(r *rekey) { r.evidence(requestID, r.key) }, "kmc_mismatch"},
		"evidence of another request":     {cert.EncKeyKMC, func(r *rekey) { r.evidence(authorisationID, r.key) }, "kmc_mismatch"},
		"evidence exchanged":              {cert.EncKeyKMC, func(r *rekey) { r.evidence(requestID, r.key) }, "kmc_mismatch"},
		"years that are not on sale":      {cert.EncKeyKeep, func(r *rekey) { r.profile.Years = []int{2, 3}; r.a.Profile = r.profile.Ref() }, "years_not_in_profile"},
		"a rule that the profile has not": {cert.EncKeyKMC, func(r *rekey) { r.profile.EncKey = cert.EncKeyKeep; r.a.Profile = r.profile.Ref() }, "kmc_surplus"},
	} {
		t.Run(label, func(t *testing.T) {
			r := newRekey(t, c.rule)
			req, err := r.request()
			require.NoError(t, err)
			c.change(r)
			req.Authorisation = r.a.Digest().Hex()
			_, err = cert.Plan(r.a, req, r.m, r.profile, caEnd)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

func (r *rekey) evidence(id string, key *sm2.PrivateKey) {
	r.t.Helper()
	e, _ := r.centre.Evidence(r.t, id, &key.PublicKey)
	r.m.KMC = &e
}

func TestEvidenceIsCheckedWithoutOpeningIt(t *testing.T) {
	centre, sign := certtest.NewCentre(t), newKey(t)
	good, _ := centre.Evidence(t, requestID, &sign.PublicKey)
	another, _ := centre.Evidence(t, requestID, &sign.PublicKey)
	trusted := []*smx509.Certificate{certtest.NewCentre(t).Cert, centre.Cert}
	for label, c := range map[string]struct {
		change func(*cert.Evidence)
		sign   *sm2.PrivateKey
		want   string
	}{
		"good":                         {want: ""},
		"another key named":            {change: func(e *cert.Evidence) { e.EncKey = another.EncKey }, want: "envelope_mismatch"},
		"another envelope":             {change: func(e *cert.Evidence) { e.Enveloped = another.Enveloped }, want: "envelope_mismatch"},
		"another pair altogether":      {change: func(e *cert.Evidence) { e.Enveloped, e.EncKey = another.Enveloped, another.EncKey }, want: "kmc_signature_wrong"},
		"wrapped for another sign key": {sign: newKey(t), want: "kmc_signature_wrong"},
		"another request":              {change: func(e *cert.Evidence) { e.RequestID = authorisationID }, want: "kmc_mismatch"},
		"a centre nobody knows":        {change: func(e *cert.Evidence) { e.Centre = cert.SM3([]byte("x")).Hex() }, want: "kmc_unknown"},
		"another centre's name":        {change: func(e *cert.Evidence) { e.Centre = cert.SM3(trusted[0].Raw).Hex() }, want: "kmc_signature_wrong"},
		"no envelope":                  {change: func(e *cert.Evidence) { e.Enveloped = "" }, want: "evidence_malformed"},
		"garbage for an envelope":      {change: func(e *cert.Evidence) { e.Enveloped = b64([]byte{0x30, 0}) }, want: "envelope_malformed"},
	} {
		t.Run(label, func(t *testing.T) {
			e, key := good, sign
			if c.change != nil {
				c.change(&e)
			}
			if c.sign != nil {
				key = c.sign
			}
			_, err := e.Check(requestID, &key.PublicKey)
			if err == nil {
				err = e.Verify(trusted, &key.PublicKey)
			}
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

// A key that signs must not be one the centre knows, even where everybody agrees on it.
func TestEnvelopeIsNotTheSignKeys(t *testing.T) {
	sign := newKey(t)
	e, enc := certtest.NewCentre(t).Evidence(t, requestID, &sign.PublicKey)
	envelope, err := cert.ParseEnvelope(e.EnvelopeDER())
	require.NoError(t, err)
	require.NoError(t, envelope.CheckFor(&sign.PublicKey, &enc.PublicKey))
	require.True(t, fault.HasKey(envelope.CheckFor(&enc.PublicKey, &enc.PublicKey), "envelope_mismatch"))
	require.True(t, fault.HasKey(envelope.CheckFor(nil, &enc.PublicKey), "envelope_mismatch"))
}

func TestNewHolderHasNoOldPair(t *testing.T) {
	profile, centre, key := cert.OrganisationProfile(base), certtest.NewCentre(t), newKey(t)
	subject, err := profile.SubjectOf(cert.NewSubject{Province: "广东省", Locality: "深圳市", Organisation: "甲有限公司"})
	require.NoError(t, err)
	grant := cert.Grant{
		ID: authorisationID, Order: "R261122000019", Origin: cert.OriginManual, Content: cert.SM3([]byte("grounds")),
		Profile: profile.Ref(), Years: 2, Expires: now.Add(time.Hour),
	}
	a, err := cert.NewHolderAuthorisation(subject, certtest.OrganisationCode, grant)
	require.NoError(t, err)
	require.True(t, a.NewHolder())
	e, _ := centre.Evidence(t, requestID, &key.PublicKey)
	m := cert.Material{CSR: certtest.CSR(t, key), KMC: &e}
	r, err := cert.NewRequestOf(rand.Reader, requestID, a, m, profile, caEnd, now)
	require.NoError(t, err)
	s, err := cert.Plan(a, r, m, profile, caEnd)
	require.NoError(t, err)
	require.Equal(t, "2028-11-22T15:59:59Z", cert.FormatTime(s.NotAfter))
	_, err = cert.Build(nil, certtest.Authority(t).CA, s)
	require.NoError(t, err)

	for label, change := range map[string]func(*cert.Grant) (string, []byte){
		"reviewed": func(g *cert.Grant) (string, []byte) {
			g.Origin = cert.OriginReviewed
			return certtest.OrganisationCode, subject
		},
		"online": func(g *cert.Grant) (string, []byte) {
			g.Origin = cert.OriginOnline
			return certtest.OrganisationCode, subject
		},
		"nobody's":     func(g *cert.Grant) (string, []byte) { g.Origin = ""; return certtest.OrganisationCode, subject },
		"without code": func(*cert.Grant) (string, []byte) { return "", subject },
		"without name": func(*cert.Grant) (string, []byte) { return certtest.OrganisationCode, nil },
	} {
		g := grant
		code, name := change(&g)
		_, err := cert.NewHolderAuthorisation(name, code, g)
		require.True(t, fault.HasKey(err, "authorisation_malformed"), label)
	}
	h := certtest.NewHolder(t, certtest.Authority(t).CA, "乙有限公司", now)
	_, err = cert.Plan(a, r, cert.Material{Old: &h.Old, CSR: m.CSR, KMC: m.KMC}, profile, caEnd)
	require.True(t, fault.HasKey(err, "old_pair_mismatch"), "an old pair from nowhere: %v", err)
}

func TestOldKeyProvesTheCSR(t *testing.T) {
	r := newRekey(t, cert.EncKeyKeep)
	req, err := r.request()
	require.NoError(t, err)
	const nonce = "abcdef"
	sign := func(key *sm2.PrivateKey, msg []byte) []byte {
		sig, err := key.Sign(rand.Reader, msg, sm2.DefaultSM2SignerOpts)
		require.NoError(t, err)
		return sig
	}
	collect := sign(r.holder.SignKey, cert.ToSignCollect(requestID, nonce, r.m.CSR))
	require.NoError(t, cert.VerifyCollect(req.ProvenBy(collect), r.holder.Old, requestID, nonce, r.m.CSR, collect))
	other := certtest.CSR(t, newKey(t))
	require.Error(t, cert.VerifyCollect(req.ProvenBy(collect), r.holder.Old, requestID, nonce, other, collect), "another CSR")
	require.Error(t, cert.VerifyCollect(req, r.holder.Old, requestID, nonce, r.m.CSR, collect), "a proof that the request does not name")
	forged := sign(newKey(t), cert.ToSignCollect(requestID, nonce, r.m.CSR))
	require.Error(t, cert.VerifyCollect(req.ProvenBy(forged), r.holder.Old, requestID, nonce, r.m.CSR, forged), "another key")

	renew := sign(r.holder.SignKey, cert.ToSignRenew(r.a.Canonical(), r.m.CSR))
	require.NoError(t, cert.VerifyHolder(r.a, req.ProvenBy(renew), r.holder.Old, r.m.CSR, renew, now))
	require.Error(t, cert.VerifyHolder(r.a, req.ProvenBy(renew), r.holder.Old, other, renew, now))
	require.Error(t, cert.VerifyHolder(r.a, req.ProvenBy(renew), r.holder.Old, nil, renew, now))
}

func FuzzParseEvidence(f *testing.F) {
	sign := newKey(f)
	e, _ := certtest.NewCentre(f).Evidence(f, requestID, &sign.PublicKey)
	f.Add(e.Canonical())
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := cert.ParseEvidence(raw)
		if err == nil {
			require.Equal(t, string(raw), string(e.Canonical()))
		}
	})
}

func FuzzParseEnvelope(f *testing.F) {
	sign := newKey(f)
	e, _ := certtest.NewCentre(f).Evidence(f, requestID, &sign.PublicKey)
	f.Add(e.EnvelopeDER())
	f.Fuzz(func(t *testing.T, der []byte) {
		e, err := cert.ParseEnvelope(der)
		if err != nil {
			require.True(t, fault.HasKey(err, "envelope_malformed"))
			return
		}
		require.NotNil(t, e.Key)
		require.Equal(t, der, e.DER)
	})
}
