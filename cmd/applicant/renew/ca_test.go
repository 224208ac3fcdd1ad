package renew

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
)

const (
	testHolder = "深圳市启衡核电工程有限公司"
	testCode   = "914403001922038216"
)

// ca makes the certificates of a test.
type ca struct {
	rootKey, subKey *sm2.PrivateKey
	root, sub       *smx509.Certificate
}

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	k, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return k
}

func newCA(t testing.TB) *ca {
	t.Helper()
	c := &ca{rootKey: newKey(t), subKey: newKey(t)}
	authority := func(name string, serial int64) *smx509.Certificate {
		return &smx509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign, SubjectKeyId: []byte(name),
		}
	}
	root := authority("样例根", 1)
	c.root = issue(t, root, root, &c.rootKey.PublicKey, c.rootKey)
	c.sub = issue(t, authority("样例签发", 2), c.root, &c.subKey.PublicKey, c.rootKey)
	return c
}

func issue(t testing.TB, template, parent *smx509.Certificate, pub *ecdsa.PublicKey, key *sm2.PrivateKey) *smx509.Certificate {
	t.Helper()
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, pub, key)
	require.NoError(t, err)
	cert, err := smx509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// pair makes a sign and an encryption certificate of the holder.
func (c *ca) pair(t testing.TB, sign, enc *sm2.PrivateKey, serial int64, notAfter time.Time) (s, e *smx509.Certificate) {
	t.Helper()
	org, err := asn1.MarshalWithParams(testCode, "printable")
	require.NoError(t, err)
	one := func(n int64, usage smx509.KeyUsage, pub *ecdsa.PublicKey) *smx509.Certificate {
		return issue(t, &smx509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{testHolder}, CommonName: testHolder},
			NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter, KeyUsage: usage,
			ExtraExtensions: []pkix.Extension{{Id: orgNumberOID, Value: org}},
		}, c.sub, pub, c.subKey)
	}
	return one(serial, smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment, &sign.PublicKey),
		one(serial+1, smx509.KeyUsageKeyEncipherment|smx509.KeyUsageDataEncipherment, &enc.PublicKey)
}

func pemOf(c *smx509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
