package certtest

import (
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// CRL signs a revocation list.
func CRL(t testing.TB, issuer cert.Issuer, l cert.RevocationList) []byte {
	t.Helper()
	tpl := &smx509.RevocationList{
		SignatureAlgorithm: smx509.SM2WithSM3, Number: new(big.Int).SetUint64(l.Number), ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate,
	}
	for _, e := range l.Entries {
		tpl.RevokedCertificateEntries = append(tpl.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: e.Serial.Int(), RevocationTime: e.At, ReasonCode: e.Reason,
		})
	}
	der, err := smx509.CreateRevocationList(nil, tpl, issuer.Cert, issuer.Key)
	require.NoError(t, err)
	return der
}
