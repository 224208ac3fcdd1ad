package lint_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/lint"
)

func prepared(t *testing.T, change func(*cert.Spec)) cert.Prepared {
	t.Helper()
	subject, err := cert.Name{Country: "CN", Province: "广东省", Locality: "深圳市", Organisation: "甲有限公司", CommonName: "甲有限公司"}.DER()
	require.NoError(t, err)
	s := cert.Spec{
		Profile: cert.OrganisationProfile("http://localhost:8080"), Subject: subject, Identity: certtest.OrganisationCode,
		NotBefore: time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC), NotAfter: time.Date(2027, 11, 22, 15, 59, 59, 0, time.UTC),
	}
	for _, serial := range []*cert.Serial{&s.SignSerial, &s.EncSerial} {
		*serial, err = cert.NewSerial(rand.Reader)
		require.NoError(t, err)
	}
	sign, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	enc, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.SignKey, s.EncKey = &sign.PublicKey, &enc.PublicKey
	if change != nil {
		change(&s)
	}
	p, err := cert.Prepare(certtest.Authority(t).CA.Cert, s)
	require.NoError(t, err)
	return p
}

func TestOurProfileIsCleanByZLint(t *testing.T) {
	r, err := lint.Prepared(prepared(t, nil))
	require.NoError(t, err)
	require.Empty(t, r.Found)
	require.Greater(t, r.Run, 50, "the lints did run")
}

// What our rules let pass in a name that is copied from an old pair, zlint says in its own words.
func TestZLintSpeaks(t *testing.T) {
	r, err := lint.Prepared(prepared(t, func(s *cert.Spec) {
		var err error
		s.Subject, err = cert.Name{Country: "CN", CommonName: strings.Repeat("a", 65)}.DER()
		require.NoError(t, err)
		s.Copied = true
	}))
	require.NoError(t, err)
	require.True(t, r.Errors())
	require.Len(t, r.Found, 2)
	for i, kind := range []cert.Kind{cert.Sign, cert.Enc} {
		require.Equal(t, kind, r.Found[i].Kind)
		require.Equal(t, "e_subject_common_name_max_length", r.Found[i].Rule)
	}
}
