package delivery_test

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/delivery"
)

const requestID = "0193a0a0-0000-7000-8000-000000000002"

// made is a new pair on the key of a CSR, with an encryption key of the key centre, by the whole way a request takes.
type made struct {
	sign, enc *sm2.PrivateKey // sign is nil where the CSR came from outside
	pair      cert.Pair
	envelope  []byte
	ca        cert.Authority
}

func newMade(t testing.TB) made {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	m := madeFor(t, certtest.CSR(t, key))
	m.sign = key
	return m
}

func madeFor(t testing.TB, raw []byte) made {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	m := made{ca: certtest.Authority(t)}
	csr, err := cert.ParseCSR(raw)
	require.NoError(t, err)
	var e cert.Evidence
	e, m.enc = certtest.NewCentre(t).Evidence(t, requestID, csr.Key)
	m.envelope = e.EnvelopeDER()
	profile := cert.OrganisationProfile("http://localhost:8080")
	subject, err := profile.SubjectOf(cert.NewSubject{Province: "广东省", Locality: "深圳市", Organisation: "甲有限公司"})
	require.NoError(t, err)
	a, err := cert.NewHolderAuthorisation(subject, certtest.OrganisationCode, cert.Grant{
		ID: requestID, Order: "R261122000019", Origin: cert.OriginManual, Profile: profile.Ref(), Years: 1, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	material := cert.Material{CSR: csr.DER, KMC: &e}
	r, err := cert.NewRequestOf(rand.Reader, requestID, a, material, profile, m.ca.CA.Cert.NotAfter, now)
	require.NoError(t, err)
	s, err := cert.Plan(a, r, material, profile, m.ca.CA.Cert.NotAfter)
	require.NoError(t, err)
	m.pair, err = cert.Build(nil, m.ca.CA, s)
	require.NoError(t, err)
	return m
}

var usual = cert.OrganisationProfile("http://x").CSRResponse

func TestCSRResponseIsWhatDriversRead(t *testing.T) {
	m := newMade(t)
	der, err := delivery.CSRResponse(m.pair, m.envelope, usual)
	require.NoError(t, err)
	got, err := smx509.ParseCSRResponse(m.sign, der)
	require.NoError(t, err)
	require.Equal(t, m.pair.Sign, got.SignCerts[0].Raw)
	require.Equal(t, m.pair.Enc, got.EncryptCerts[0].Raw)
	require.True(t, m.enc.Equal(got.EncryptPrivateKey))
	require.False(t, bytes.Contains(der, m.enc.D.Bytes()), "never the private key in clear")

	der, err = delivery.CSRResponse(m.pair, nil, usual)
	require.NoError(t, err)
	got, err = smx509.ParseCSRResponse(m.sign, der)
	require.NoError(t, err)
	require.Nil(t, got.EncryptPrivateKey, "a key that is kept is not delivered")
	require.Equal(t, m.pair.Enc, got.EncryptCerts[0].Raw)
}

// The four ways of tagging, told apart by the bytes behind the two tags.
func TestCSRResponseTagging(t *testing.T) {
	m := newMade(t)
	for tag, want := range map[cert.Tagging][2]byte{ // first octet under [0]: SEQUENCE or, of its content, too; under [1]: SET or SEQUENCE
		{Key: cert.TagExplicit, Certificates: cert.TagImplicit}: {1, 0x30},
		{Key: cert.TagImplicit, Certificates: cert.TagImplicit}: {4, 0x30},
		{Key: cert.TagExplicit, Certificates: cert.TagExplicit}: {1, 0x31},
		{Key: cert.TagImplicit, Certificates: cert.TagExplicit}: {4, 0x31},
	} {
		der, err := delivery.CSRResponse(m.pair, m.envelope, tag)
		require.NoError(t, err)
		var r struct {
			Sign     []asn1.RawValue `asn1:"set"`
			Key, Enc asn1.RawValue
		}
		rest, err := asn1.Unmarshal(der, &r)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, []int{2, 0, 2, 1}, []int{r.Key.Class, r.Key.Tag, r.Enc.Class, r.Enc.Tag})
		parts := byte(0)
		for left := r.Key.Bytes; len(left) > 0; parts++ {
			var v asn1.RawValue
			left, err = asn1.Unmarshal(left, &v)
			require.NoError(t, err)
		}
		require.Equal(t, want, [2]byte{parts, r.Enc.Bytes[0]}, "%+v", tag)
	}
	_, err := delivery.CSRResponse(m.pair, nil, cert.Tagging{})
	require.True(t, fault.HasKey(err, "csr_response_failed"), "%v", err)
}

func TestCSRResponseRefusesAnotherKey(t *testing.T) {
	m, other := newMade(t), newMade(t)
	_, err := delivery.CSRResponse(m.pair, other.envelope, usual)
	require.True(t, fault.HasKey(err, "envelope_mismatch"), "%v", err)
	_, err = delivery.CSRResponse(m.pair, m.envelope[:40], usual)
	require.True(t, fault.HasKey(err, "envelope_malformed"), "%v", err)
	_, err = delivery.CSRResponse(cert.Pair{Sign: m.pair.Sign}, nil, usual)
	require.True(t, fault.HasKey(err, "old_pair_unusable"), "%v", err)
}

func TestChainHoldsTheCertificatesAndNoSignature(t *testing.T) {
	m := newMade(t)
	der, err := delivery.Chain(m.pair.Sign, m.ca.CA.Cert.Raw, m.ca.Root.Cert.Raw)
	require.NoError(t, err)
	p, err := pkcs7.Parse(der)
	require.NoError(t, err)
	require.Len(t, p.Certificates, 3)
	require.Empty(t, p.Signers)
	_, err = delivery.Chain([]byte("x"))
	require.True(t, fault.HasKey(err, "certificate_unreadable"))
}

// TestSKFBlobHoldsTheSameNumbers reads the structure field by field at the offsets of GM/T 0016 and opens it.
func TestSKFBlobHoldsTheSameNumbers(t *testing.T) {
	m := newMade(t)
	b, err := delivery.SKFBlob(m.envelope)
	require.NoError(t, err)
	require.Len(t, b, 388)
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	require.Equal(t, []uint32{1, 0x401, 256, 256, 16}, []uint32{u32(0), u32(4), u32(8), u32(76), u32(368)})
	field := func(at int) []byte {
		require.Equal(t, make([]byte, 32), b[at:at+32], "the upper half is empty")
		return b[at+32 : at+64]
	}
	point, err := sm2.PublicKeyToECDH(&m.enc.PublicKey)
	require.NoError(t, err)
	require.Equal(t, point.Bytes()[1:], append(bytes.Clone(field(80)), field(144)...))

	cipher := append(append(append([]byte{4}, field(208)...), field(272)...), b[336:368]...)
	key, err := m.sign.Decrypt(rand.Reader, append(cipher, b[372:]...), sm2.NewPlainDecrypterOpts(sm2.C1C3C2))
	require.NoError(t, err)
	require.Equal(t, m.enc.D.FillBytes(make([]byte, 32)), unwrap(t, key, field(12)))
	_, err = delivery.SKFBlob(nil)
	require.True(t, fault.HasKey(err, "envelope_malformed"))
}

// unwrap opens a private key under SM4-ECB.
func unwrap(t *testing.T, key, wrapped []byte) []byte {
	t.Helper()
	block, err := sm4.NewCipher(key)
	require.NoError(t, err)
	out := make([]byte, len(wrapped))
	for i := 0; i < len(wrapped); i += block.BlockSize() {
		block.Decrypt(out[i:], wrapped[i:])
	}
	return out
}
