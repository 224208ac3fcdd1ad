package renew

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
)

// renewed makes the package of a project that re-keys: new pair, CSRResponse with a new encryption key, both CRLs.
func (f *intake) renewed(t *testing.T, pub any, enc *sm2.PrivateKey, revoked ...*big.Int) {
	t.Helper()
	key, ok := pub.(*ecdsa.PublicKey)
	require.True(t, ok)
	sign := &sm2.PrivateKey{PrivateKey: ecdsa.PrivateKey{PublicKey: *key}} // its public half is all the CA knows
	s, e := f.ca.pair(t, sign, enc, 200, time.Now().AddDate(1, 0, 0))
	response, err := smx509.MarshalCSRResponse([]*smx509.Certificate{s}, enc, []*smx509.Certificate{e})
	require.NoError(t, err)
	f.bundle(t, s, e, f.ca.sub, f.ca.root)
	f.add(blockResponse, response)
	for issuer, k := range map[*smx509.Certificate]*sm2.PrivateKey{f.ca.root: f.ca.rootKey, f.ca.sub: f.ca.subKey} {
		var entries []smx509.RevocationListEntry
		for _, n := range revoked {
			entries = append(entries, smx509.RevocationListEntry{SerialNumber: n, RevocationTime: time.Now()})
		}
		list, err := smx509.CreateRevocationList(rand.Reader, &smx509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour), RevokedCertificateEntries: entries,
		}, issuer, k)
		require.NoError(t, err)
		f.add(blockCRL, list)
	}
}

func (f *intake) add(kind string, der []byte) {
	f.pack = append(f.pack, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
}

// The driver makes a key and a CSR when it is told to, opens what comes back, imports the new key and keeps all files.
func TestRekey(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	var requests [][]byte
	enc := newKey(t)
	f.rekeys = func(csr *smx509.CertificateRequest) {
		requests = append(requests, csr.Raw)
		f.renewed(t, csr.PublicKey, enc)
	}
	o := options(t, f)
	r, err := newRobot(o)
	require.NoError(t, err)
	require.NoError(t, r.update(t.Context()))
	require.Equal(t, []string{stepSign, stepKey, stepEnc}, f.steps)
	for _, name := range []string{
		"root.pem", "sub.pem", "sign.pem", "enc.pem", "sub.crl.pem", "root.crl.pem", "csrresponse.der", "sign.key.pem", "sign.csr.pem",
	} {
		require.FileExists(t, filepath.Join(o.Out, name))
	}
	key, err := readKey(filepath.Join(o.Out, "sign.key.pem"))
	require.NoError(t, err)
	sign, err := readCertificate(filepath.Join(o.Out, "sign.pem"))
	require.NoError(t, err)
	require.True(t, same(key, sign))
	require.False(t, same(f.key, sign), "not the old key")

	again, err := newRobot(o)
	require.NoError(t, err)
	require.NoError(t, again.update(t.Context()))
	require.Len(t, requests, 2)
	require.Equal(t, requests[0], requests[1], "another run takes up the key of the first")
}

func TestRekeyRefusesWhatIsNotForItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, f *intake, csr *smx509.CertificateRequest)
		want  error
	}{
		"another sign key": {func(t *testing.T, f *intake, _ *smx509.CertificateRequest) {
			t.Helper()
			f.renewed(t, newKey(t).Public(), newKey(t))
		}, errResponse},
		"the old sign key": {func(t *testing.T, f *intake, _ *smx509.CertificateRequest) {
			t.Helper()
			f.renewed(t, f.key.Public(), newKey(t))
		}, errResponse},
		"another response": {func(t *testing.T, f *intake, csr *smx509.CertificateRequest) {
			t.Helper()
			enc := newKey(t) // the same key: only the certificates differ
			f.renewed(t, csr.PublicKey, enc)
			first := bytes.Clone(f.pack)
			f.renewed(t, csr.PublicKey, enc)
			second, _ := sortOut(f.pack)
			f.pack = first
			f.add(blockResponse, second.response)
		}, errPackage},
		"revoked at once": {func(t *testing.T, f *intake, csr *smx509.CertificateRequest) {
			t.Helper()
			f.renewed(t, csr.PublicKey, newKey(t), big.NewInt(200))
		}, errPackage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newIntake(t)
			f.rekeys = func(csr *smx509.CertificateRequest) { c.spoil(t, f, csr) }
			o := options(t, f)
			r, err := newRobot(o)
			require.NoError(t, err)
			require.ErrorIs(t, r.update(t.Context()), c.want)
			require.Empty(t, f.steps, "nothing is imported")
			require.NoFileExists(t, filepath.Join(o.Out, "sign.pem"))
		})
	}
}

func TestUkeySignsForItsOwnCSROnly(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	k, err := readUkey(filepath.Join(f.dir, testSerial))
	require.NoError(t, err)
	next, err := newRekey(k)
	require.NoError(t, err)
	_, err = k.prove("caconsole/collect/1\nid-nonce"+next.binds(), next)
	require.NoError(t, err)
	other, err := newRekey(k)
	require.NoError(t, err)
	for _, text := range []string{"caconsole/collect/1\nid-nonce" + other.binds(), "caconsole/collect/1\nid-nonce\n-"} {
		_, err = k.prove(text, next)
		require.Error(t, err, text)
	}
	_, err = k.prove("caconsole/collect/1\nid-nonce"+next.binds(), nil)
	require.Error(t, err)
}
