package main

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// revokes has an issuer and a lead revoke the pair a renewal led to, over the console's screens and with their own Ukeys; it
// is over when everybody can fetch the list that both certificates stand on. The order stays done, and its money may go
// back from then on only.
func (h *house) revokes(out string) {
	h.t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, "sign.pem"))
	require.NoError(h.t, err)
	block, _ := pem.Decode(raw)
	require.NotNil(h.t, block)
	c, err := smx509.ParseCertificate(block.Bytes)
	require.NoError(h.t, err)
	serial := string(cert.SerialFromInt(c.SerialNumber))
	require.Len(h.t, c.CRLDistributionPoints, 1)
	require.True(h.t, strings.HasSuffix(c.CRLDistributionPoints[0], "/crl/issuing.crl"), c.CRLDistributionPoints)
	require.NotContains(h.t, h.list(), serial, "the demo has a list from its start")

	issuer, lead, finance := h.logIn("issuer", 0), h.logIn("review_lead", 0), h.logIn("finance_lead", 0)
	no := orderNo.FindString(issuer.get("/certificates/" + serial))
	require.NotEmpty(h.t, no)
	require.Contains(h.t, finance.get("/orders/"+no), serial[:4], "the case says that the pair has to be revoked first")
	finance.refused("/orders/"+no+"/refund", url.Values{"refund_reason": {"协商退款"}}, http.StatusConflict)

	at := "/certificates/" + serial + "/revoke"
	issuer.get(at)
	issuer.postSigned(at, at+"/to-sign", url.Values{
		"reason": {"1"}, "asked_by": {"holder"}, "grounds": {"来函：Ukey 失窃"}, "typed": {serial[len(serial)-4:]},
	})
	one := issuer.at
	require.True(h.t, strings.HasPrefix(one, "/certificates/revocations/"), one)
	require.Contains(h.t, lead.get("/certificates/revocations"), one)
	lead.get(one)
	lead.postSigned(one+"/check", one+"/to-sign", url.Values{})
	require.Eventually(h.t, func() bool { return strings.Contains(h.list(), serial) }, patience, 100*time.Millisecond)
	require.Contains(h.t, issuer.get(one), "已吊销")

	finance.get("/orders/" + no)
	finance.post("/orders/"+no+"/refund", url.Values{"csrf": {finance.field("csrf")}, "refund_reason": {"协商退款"}})
	require.Contains(h.t, finance.get("/orders/"+no), "退款")
}

// list fetches the public revocation list and names what stands on it.
func (h *house) list() string {
	h.t.Helper()
	res, err := http.Get(h.url + "/crl/issuing.crl")
	require.NoError(h.t, err)
	der, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	require.NoError(h.t, res.Body.Close())
	require.Equal(h.t, http.StatusOK, res.StatusCode, "%s", der)
	l, err := smx509.ParseRevocationList(der)
	require.NoError(h.t, err)
	var on []string
	for _, e := range l.RevokedCertificateEntries {
		on = append(on, string(cert.SerialFromInt(e.SerialNumber)))
	}
	return strings.Join(on, " ")
}
