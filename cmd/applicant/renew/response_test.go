package renew

import (
	"bytes"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
)

// answered is a CSRResponse that the library made, and its parts.
type answered struct {
	sign, enc *sm2.PrivateKey
	s, e      *smx509.Certificate
	der       []byte
}

func newAnswer(t testing.TB) answered {
	t.Helper()
	a := answered{sign: newKey(t), enc: newKey(t)}
	a.s, a.e = newCA(t).pair(t, a.sign, a.enc, 200, time.Now().AddDate(1, 0, 0))
	var err error
	a.der, err = smx509.MarshalCSRResponse([]*smx509.Certificate{a.s}, a.enc, []*smx509.Certificate{a.e})
	require.NoError(t, err)
	return a
}

// assembled puts a CSRResponse together from parts, each DER.
func assembled(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(parts, nil)})
	require.NoError(t, err)
	return der
}

func tlv(t testing.TB, class, tag int, content ...[]byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: bytes.Join(content, nil)})
	require.NoError(t, err)
	return der
}

func TestOpensAResponseHoweverItIsTagged(t *testing.T) {
	a := newAnswer(t)
	outer, err := values(a.der)
	require.NoError(t, err)
	parts, err := values(outer[0].Bytes)
	require.NoError(t, err)
	envelope := parts[1].Bytes
	inner, err := values(envelope)
	require.NoError(t, err)
	set := tlv(t, asn1.ClassUniversal, asn1.TagSet, a.e.Raw)
	for name, der := range map[string][]byte{
		"as the library makes it": a.der,
		"key implicit":            assembled(t, parts[0].FullBytes, tlv(t, 2, 0, inner[0].Bytes), tlv(t, 2, 1, a.e.Raw)),
		"certificates explicit":   assembled(t, parts[0].FullBytes, tlv(t, 2, 0, envelope), tlv(t, 2, 1, set)),
		"both the other way":      assembled(t, parts[0].FullBytes, tlv(t, 2, 0, inner[0].Bytes), tlv(t, 2, 1, set)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := openResponse(der, a.sign)
			require.NoError(t, err)
			require.True(t, a.enc.Equal(got.encKey))
			require.Equal(t, a.s.Raw, got.sign.Raw)
			require.Equal(t, a.e.Raw, got.enc.Raw)
		})
	}
	got, err := openResponse(assembled(t, parts[0].FullBytes, tlv(t, 2, 1, a.e.Raw)), a.sign)
	require.NoError(t, err)
	require.Nil(t, got.encKey, "the old key is kept")
}

func TestRefusesAResponseThatIsNotForTheUkey(t *testing.T) {
	a, b := newAnswer(t), newAnswer(t)
	outer, err := values(a.der)
	require.NoError(t, err)
	parts, err := values(outer[0].Bytes)
	require.NoError(t, err)
	again, err := smx509.MarshalCSRResponse([]*smx509.Certificate{a.s}, b.enc, []*smx509.Certificate{b.e})
	require.NoError(t, err)
	outer, err = values(again)
	require.NoError(t, err)
	others, err := values(outer[0].Bytes)
	require.NoError(t, err)
	point, err := sm2.PublicKeyToECDH(&a.enc.PublicKey)
	require.NoError(t, err)
	spoiled := bytes.Replace(a.der, point.Bytes(), b.e.RawSubjectPublicKeyInfo[len(b.e.RawSubjectPublicKeyInfo)-65:], 1)
	for name, c := range map[string]struct {
		der  []byte
		want string
	}{
		"nothing":                     {nil, "no SEQUENCE"},
		"trailing bytes":              {append(bytes.Clone(a.der), 5, 0), "no SEQUENCE"},
		"another Ukey's":              {b.der, "not for this Ukey"},
		"another key in the envelope": {assembled(t, parts[0].FullBytes, others[1].FullBytes, parts[2].FullBytes), "for another key"},
		"a key nobody certified":      {assembled(t, parts[0].FullBytes, parts[1].FullBytes, others[2].FullBytes), "for another key"},
		"no encryption certificate":   {assembled(t, parts[0].FullBytes, parts[1].FullBytes), "no encryption certificate"},
		"the sign certificate twice":  {assembled(t, parts[0].FullBytes, tlv(t, 2, 1, a.s.Raw)), "one key for both"},
		"parts out of order":          {assembled(t, parts[0].FullBytes, parts[2].FullBytes, parts[1].FullBytes), "unexpected part"},
		"a public key that lies":      {spoiled, "names another key"},
		"an envelope of another kind": {assembled(t, parts[0].FullBytes, tlv(t, 2, 0, a.e.Raw), parts[2].FullBytes), "no known envelope"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openResponse(c.der, a.sign)
			require.ErrorIs(t, err, errResponse)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzOpenResponse(f *testing.F) {
	a := newAnswer(f)
	f.Add(a.der)
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := openResponse(der, a.sign)
		if err == nil {
			require.NotNil(t, got.sign)
			require.NotNil(t, got.enc)
		}
	})
}
