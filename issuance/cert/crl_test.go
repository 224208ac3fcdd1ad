package cert_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func list(t testing.TB, n int) cert.RevocationList {
	t.Helper()
	l := cert.RevocationList{Number: 7, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour), Entries: make([]cert.RevocationEntry, n)}
	for i := range l.Entries {
		serial, err := cert.NewSerial(rand.Reader)
		require.NoError(t, err)
		l.Entries[i] = cert.RevocationEntry{Serial: serial, At: now.Add(-time.Hour), Reason: []int{0, 1, 4}[i%3]}
	}
	return l
}

func TestRevocationListIsReadAsItWasSigned(t *testing.T) {
	ca, want := certtest.Authority(t), list(t, 5)
	der := certtest.CRL(t, ca.CA, want)
	got, err := cert.ParseRevocationList(der, ca.CA.Cert)
	require.NoError(t, err)
	require.Equal(t, want, got)

	_, err = cert.ParseRevocationList(der, ca.Root.Cert)
	require.True(t, fault.HasKey(err, "crl_malformed"), "another CA's: %v", err)
	for _, cut := range []int{0, 1, len(der) / 2, len(der) - 1} {
		_, err = cert.ParseRevocationList(der[:cut], ca.CA.Cert)
		require.True(t, fault.HasKey(err, "crl_malformed"), "%v", err)
	}
	der[len(der)-80] ^= 1
	_, err = cert.ParseRevocationList(der, ca.CA.Cert)
	require.True(t, fault.HasKey(err, "crl_malformed"), "changed: %v", err)
}

func TestRevocationListSaysWhatItLost(t *testing.T) {
	earlier := list(t, 4)
	later := earlier
	later.Entries = append([]cert.RevocationEntry{list(t, 1).Entries[0]}, earlier.Entries[:3]...)
	require.Equal(t, []cert.Serial{earlier.Entries[3].Serial}, later.Lost(earlier))
	require.Empty(t, earlier.Lost(earlier))
}

func FuzzParseRevocationList(f *testing.F) {
	ca := certtest.Authority(f)
	f.Add(certtest.CRL(f, ca.CA, list(f, 2)))
	f.Fuzz(func(t *testing.T, der []byte) {
		if _, err := cert.ParseRevocationList(der, ca.CA.Cert); err != nil {
			require.True(t, fault.HasKey(err, "crl_malformed"))
		}
	})
}
