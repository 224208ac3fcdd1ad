// Package certtest makes old pairs for tests: certificates of an earlier CA, as holders have them in their Ukeys when
// they come to renew.
package certtest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// Organisation code with a right check digit, of no real organisation.
const OrganisationCode = "91440300MA5DA0000F"

// Holder is an old pair with the keys in its Ukey.
type Holder struct {
	Pair    cert.Pair
	Old     cert.Old
	SignKey *sm2.PrivateKey
	EncKey  *sm2.PrivateKey
}

// Authority makes an earlier CA that lived long enough to have issued anything the tests need.
func Authority(t testing.TB) cert.Authority {
	t.Helper()
	a, err := cert.NewAuthority(rand.Reader, cert.AuthorityOptions{
		Root:      cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试旧根"},
		CA:        cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试旧CA"},
		NotBefore: time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), RootYears: 30, CAYears: 25,
	})
	require.NoError(t, err)
	return a
}

// NewHolder issues an old pair by an earlier CA, valid for one year up to notAfter.
func NewHolder(t testing.TB, ca cert.Issuer, organisation string, notAfter time.Time) Holder {
	t.Helper()
	h := Holder{}
	notAfter = notAfter.Truncate(time.Second)
	var err error
	h.SignKey, err = sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	h.EncKey, err = sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	subject, err := cert.Name{Country: "CN", Province: "广东省", Locality: "深圳市", Organisation: organisation, Unit: "采购部", CommonName: organisation}.DER()
	require.NoError(t, err)
	spec := cert.Spec{
		Profile: cert.OrganisationProfile("http://old.example"), Subject: subject, Identity: OrganisationCode,
		NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter,
		SignKey: &h.SignKey.PublicKey, EncKey: &h.EncKey.PublicKey,
	}
	spec.SignSerial, err = cert.NewSerial(rand.Reader)
	require.NoError(t, err)
	spec.EncSerial, err = cert.NewSerial(rand.Reader)
	require.NoError(t, err)
	h.Pair, err = cert.Build(nil, ca, spec)
	require.NoError(t, err)
	h.Old, err = cert.ParseOld(h.Pair)
	require.NoError(t, err)
	return h
}
