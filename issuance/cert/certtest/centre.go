package certtest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// Centre is a key management centre of a test.
type Centre struct {
	Key  *sm2.PrivateKey
	Cert *smx509.Certificate // self-signed
}

// NewCentre makes a centre.
func NewCentre(t testing.TB) Centre {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	subject, err := cert.Name{Country: "CN", Organisation: "测试密钥管理中心", CommonName: "测试KMC"}.DER()
	require.NoError(t, err)
	serial, err := cert.NewSerial(rand.Reader)
	require.NoError(t, err)
	tpl := &smx509.Certificate{
		SerialNumber: serial.Int(), RawSubject: subject, KeyUsage: smx509.KeyUsageDigitalSignature,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := smx509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	require.NoError(t, err)
	c, err := smx509.ParseCertificate(der)
	require.NoError(t, err)
	return Centre{key, c}
}

// Evidence makes an encryption key for the owner of a sign key, and the centre's answer about it.
func (c Centre) Evidence(t testing.TB, requestID string, sign any) (cert.Evidence, *sm2.PrivateKey) {
	t.Helper()
	signDER, err := cert.EncodeKey(sign)
	require.NoError(t, err)
	pub, err := cert.ParseKey(signDER)
	require.NoError(t, err)
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	enveloped, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, pub, key)
	require.NoError(t, err)
	encDER, err := cert.EncodeKey(key.Public())
	require.NoError(t, err)
	signature, err := c.Key.Sign(rand.Reader, cert.KMCMessage(requestID, signDER, encDER, enveloped), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	e, err := cert.NewEvidence(requestID, encDER, enveloped, signature, cert.SM3(c.Cert.Raw))
	require.NoError(t, err)
	return e, key
}

// CSR makes a certification request by a key, as a driver does.
func CSR(t testing.TB, key *sm2.PrivateKey) []byte {
	t.Helper()
	subject, err := cert.Name{Country: "CN", CommonName: "driver"}.DER()
	require.NoError(t, err)
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: subject, SignatureAlgorithm: smx509.SM2WithSM3}, key)
	require.NoError(t, err)
	return der
}
