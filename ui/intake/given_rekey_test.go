package intake_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/order"
	"caconsole/issuance/cert/certtest"
)

// rekeying is a paid order on the online path of a project that re-keys, with its Ukey.
func (w *world) rekeying() (facts, certtest.Holder) {
	w.t.Helper()
	p, ukey := w.held(1, nil)
	f := w.applicant(string(p.Sign.Serial))
	no := f.client.post("/api/v1/orders", onlineApplication(f.value["serial"])).ok(http.StatusCreated).text("no")
	f.value["no"] = no
	w.work()
	w.gate(
		no,
		func(g *order.Gates) { g.Payment, g.Method = order.Awaiting, order.WeChat },
		func(g *order.Gates) { g.Payment = order.Settled },
	)
	w.setting("keys", "csr")
	return f, ukey
}

func (w *world) rekeyPaid() facts {
	w.t.Helper()
	f, _ := w.rekeying()
	return f
}

// brings is a driver that starts an update with a CSR.
func (w *world) brings(csr []byte) facts {
	w.t.Helper()
	f := w.rekeyPaid()
	f.body = map[string]string{"serial": f.value["serial"], "csr": base64.StdEncoding.EncodeToString(csr)}
	return f
}

// signKeyImported is an update with new keys whose sign certificate is in the Ukey.
func (w *world) signKeyImported() facts {
	w.t.Helper()
	f, ukey := w.rekeying()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(w.t, err)
	pc, _ := w.begins(f.value["serial"], ukey, certtest.CSR(w.t, key))
	pc.confirms("sign_certificate").ok(http.StatusOK)
	f.update, f.value["id"] = pc.token, pc.at[len("/api/v1/updates/"):]
	return f
}

// wrongCSRs are CSRs that are refused.
type wrongCSRs struct{ p256, cfca, emptyID, foreign []byte }

func csrs(t testing.TB) wrongCSRs {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	var out wrongCSRs
	out.p256, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, nist)
	require.NoError(t, err)
	out.cfca, err = smx509.CreateCFCACertificateRequest(rand.Reader, &smx509.CertificateRequest{SignatureAlgorithm: smx509.SM2WithSM3}, key, other.Public(), "111111")
	require.NoError(t, err)
	// What `openssl req` makes where the ID is forgotten.
	out.emptyID, err = base64.StdEncoding.DecodeString("MIHZMIGAAgEAMB4xCzAJBgNVBAYTAkNOMQ8wDQYDVQQDDAZkcml2ZXIwWTATBgcqhkjOPQIBBggqgRzPVQGCLQNCAAS8HOxFGvxrVdCCBz7ma7DiS+EiASN9uTxRH5IzpCvmHy3dvdgULwcriyI23N2u1RJUhX+RkfsyvVg0yadFOUDeoAAwCgYIKoEcz1UBg3UDSAAwRQIhAM4tFEAPt9FssCcE5BzcwmwtooiRQALZD3DCjIHot6bGAiB2w3jF/t/inFqGybT4RGaVQG1MDRY57gHLu+0Jq3CV3Q==")
	require.NoError(t, err)
	out.foreign = certtest.CSR(t, key)
	at := bytes.LastIndex(out.foreign, []byte("driver")) // of the subject: the signature is over another one
	require.Positive(t, at)
	out.foreign[at] = 'D'
	return out
}
