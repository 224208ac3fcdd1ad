package cert_test

import (
	"crypto/rand"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func list(t testing.TB, n int) cert.CRL {
	t.Helper()
	c := cert.CRL{Number: 7, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour), Revoked: make([]cert.Revoked, n)}
	for i := range c.Revoked {
		serial, err := cert.NewSerial(rand.Reader)
		require.NoError(t, err)
		c.Revoked[i] = cert.Revoked{Serial: serial, At: now.Add(-time.Hour), Reason: []int{0, 1, 4, 6}[i%4]}
	}
	return c
}

func TestCRLIsReadAsItWasSigned(t *testing.T) {
	ca, c := certtest.Authority(t), list(t, 5)
	der, err := c.Sign(nil, ca.CA)
	require.NoError(t, err)
	got, err := cert.ParseCRL(der, ca.CA.Cert)
	require.NoError(t, err)
	require.ElementsMatch(t, c.Revoked, got.Revoked)
	require.IsIncreasing(t, []string{string(got.Revoked[0].Serial), string(got.Revoked[1].Serial), string(got.Revoked[4].Serial)})
	got.Revoked, c.Revoked = nil, nil
	require.Equal(t, c, got)

	again, err := list(t, 0).Sign(nil, ca.CA)
	require.NoError(t, err, "an empty list is one too")
	_, err = cert.ParseCRL(again, ca.Root.Cert)
	require.True(t, fault.HasKey(err, "crl_malformed"), "another CA's: %v", err)
	_, err = cert.ParseCRL(der[:len(der)-1], ca.CA.Cert)
	require.True(t, fault.HasKey(err, "crl_malformed"), "%v", err)
}

func TestCRLIsCheckedBeforeItIsSigned(t *testing.T) {
	for label, change := range map[string]func(*cert.CRL){
		"no number":             func(c *cert.CRL) { c.Number = 0 },
		"ends before it began":  func(c *cert.CRL) { c.NextUpdate = c.ThisUpdate },
		"a serial twice":        func(c *cert.CRL) { c.Revoked[1] = c.Revoked[0] },
		"a serial that is none": func(c *cert.CRL) { c.Revoked[0].Serial = "00ff" },
		"serial 0":              func(c *cert.CRL) { c.Revoked[0].Serial = cert.SerialFromInt(new(big.Int)) },
		"of the future":         func(c *cert.CRL) { c.Revoked[0].At = now.Add(time.Hour) },
		"parts of a second":     func(c *cert.CRL) { c.Revoked[0].At = c.Revoked[0].At.Add(time.Millisecond) },
		"removed from the CRL":  func(c *cert.CRL) { c.Revoked[0].Reason = 8 },
		"no such reason":        func(c *cert.CRL) { c.Revoked[0].Reason = 7 },
	} {
		c := list(t, 3)
		change(&c)
		_, err := c.Sign(nil, cert.Issuer{Cert: certtest.Authority(t).CA.Cert, Key: untouchable{}})
		require.True(t, fault.HasKey(err, "crl_malformed"), "%s: %v", label, err)
	}
}

func TestCRLSaysWhatItLost(t *testing.T) {
	earlier := list(t, 4)
	later := earlier
	later.Revoked = append([]cert.Revoked{list(t, 1).Revoked[0]}, earlier.Revoked[:3]...)
	require.Equal(t, []cert.Serial{earlier.Revoked[3].Serial}, later.Lost(earlier))
	require.Empty(t, earlier.Lost(earlier))
}

func FuzzParseCRL(f *testing.F) {
	ca := certtest.Authority(f)
	der, err := list(f, 2).Sign(nil, ca.CA)
	require.NoError(f, err)
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		if _, err := cert.ParseCRL(der, ca.CA.Cert); err != nil {
			require.True(t, fault.HasKey(err, "crl_malformed"))
		}
	})
}

// BenchmarkCRL signs a list of 100 000 entries: the aim is a second.
func BenchmarkCRL(b *testing.B) {
	ca, c := certtest.Authority(b), list(b, 100_000)
	for b.Loop() {
		if _, err := c.Sign(nil, ca.CA); err != nil {
			b.Fatal(err)
		}
	}
}
