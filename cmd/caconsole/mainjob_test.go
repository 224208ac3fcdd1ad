package main

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var orderNo = regexp.MustCompile(`R\d{12}`)

// The main job of the product, on real parts: an applicant with an expired certificate goes from the log-in to the new
// pair in the Ukey, and staff do their part in between with nothing but forms.
func TestMainJobReviewedPath(t *testing.T) {
	h := newHouse(t, "--orders", "0", "--certificates", "1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	serial := h.serials("reviewed", "keep")[0]
	out := t.TempDir()
	renewal := h.renew(ctx, serial, out)

	no := h.payByTransfer(out)
	h.reviewAndIssue(no)

	select {
	case err := <-renewal:
		require.NoError(t, err)
	case <-ctx.Done():
		require.Fail(t, "the renewal did not end")
	}
	h.checkPair(out)
	h.checkMessages(no, "accepted", "payment_settled", "approved", "invoice")
	require.Contains(t, h.logIn("finance", 1).get("/invoices"), no)
	h.hotlineReads(no)
	printed, err := h.run(ctx, "caconsole", "audit", "verify")
	require.NoError(t, err, printed)
}

// renew starts the applicant's robot and returns how it ends.
func (h *house) renew(ctx context.Context, serial, out string, more ...string) <-chan error {
	end := make(chan error, 1)
	go func() {
		args := []string{
			"renew", "--base", h.url, "--ukeys", filepath.Join(h.data, "demo", "ukeys"),
			"--serial", serial, "--out", out, "--timeout", patience.String(), "--poll", "200ms",
		}
		printed, err := h.run(ctx, "applicant", append(args, more...)...)
		if err != nil {
			h.t.Log(printed)
		}
		end <- err
	}()
	return end
}

// payByTransfer waits for the bank's statement and imports it, as finance does; the transfer is matched by itself.
func (h *house) payByTransfer(out string) string {
	h.t.Helper()
	var file string
	eventually(h.t, "the bank's statement", func() bool {
		found, err := filepath.Glob(filepath.Join(out, "statement-*.xlsx"))
		if err != nil || len(found) == 0 {
			return false
		}
		file = found[0]
		return true
	})
	no := orderNo.FindString(file)
	body, err := os.ReadFile(file)
	require.NoError(h.t, err)
	finance := h.logIn("finance", 0)
	finance.get("/statements")
	finance.upload("/statements", "file", filepath.Base(file), body)
	finance.post(finance.at+"/commit", url.Values{})
	reviewer := h.logIn("reviewer", 0)
	eventually(h.t, "the order enters 待审核 by itself", func() bool { return strings.Contains(reviewer.get("/queue"), no) })
	return no
}

// reviewAndIssue does the reviewer's and the issuer's part.
func (h *house) reviewAndIssue(no string) {
	h.t.Helper()
	reviewer := h.logIn("reviewer", 1)
	reviewer.get("/queue")
	reviewer.post("/queue/next", url.Values{})
	require.Equal(h.t, "/orders/"+no, reviewer.at)
	h.looksAtEvidence(reviewer)
	verdict := url.Values{"version": {reviewer.field("version")}, "digest": {reviewer.field("digest")}}
	require.Contains(h.t, reviewer.refused("/orders/"+no+"/approve", verdict, 409), "清单", "通过 needs the checklist")
	verdict["checks"] = []string{"stamp_clear", "stamp_holder", "signature", "licence_valid", "licence_stamp", "person"}
	verdict.Set("note", "章印清晰")
	require.Contains(h.t, reviewer.refused("/orders/"+no+"/approve", verdict, 422), "签名", "a browser without a script is told what is missing")
	require.Contains(h.t, reviewer.get("/orders/"+no), "章印清晰", "and the draft is kept")
	require.Contains(h.t, reviewer.page, `value="stamp_clear" checked`)
	reviewer.postSigned("/orders/"+no+"/approve", "/orders/"+no+"/approve/to-sign", verdict)

	issuer := h.logIn("issuer", 0)
	require.Contains(h.t, issuer.get("/issuance"), no)
	batch := url.Values{"orders": {no}}
	require.Contains(h.t, issuer.refused("/issuance/confirm", batch, 422), "签名")
	issuer.postSigned("/issuance/confirm", "/issuance/to-sign", batch)
}

// looksAtEvidence opens every page image and portrait of the case in front of the reviewer.
func (h *house) looksAtEvidence(p *person) {
	h.t.Helper()
	here := p.page
	images := regexp.MustCompile(`src="(/orders/[^"]+)"`).FindAllStringSubmatch(here, -1)
	require.NotEmpty(h.t, images, "papers and portraits")
	for _, m := range images {
		require.True(h.t, strings.HasPrefix(p.get(m[1]), "\xff\xd8"), "%s is no JPEG", m[1])
	}
	p.page = here
}

// checkPair has OpenSSL verify what the Ukey got, link by link.
func (h *house) checkPair(out string) {
	h.t.Helper()
	verify := func(args ...string) {
		h.t.Helper()
		cmd := exec.Command("openssl", append([]string{"verify", "-x509_strict", "-vfyopt", "distid:1234567812345678"}, args...)...)
		cmd.Dir = out
		printed, err := cmd.CombinedOutput()
		require.NoError(h.t, err, string(printed))
	}
	verify("-CAfile", "root.pem", "sub.pem")
	verify("-partial_chain", "-CAfile", "sub.pem", "sign.pem", "enc.pem")
}

// checkMessages looks for every message of an order in the outbox, each once, and the invoice by both ways.
func (h *house) checkMessages(no string, templates ...string) {
	h.t.Helper()
	var code string
	eventually(h.t, "the invoice by SMS and mail", func() bool {
		sms, mail := false, false
		for _, m := range h.messages() {
			about := strings.Contains(m.Text, no) || strings.Contains(m.Subject, no)
			if about && m.Template == "invoice" && m.Channel == "sms" {
				sms, code = true, regexp.MustCompile(`提取码([2-9A-Z]{8})`).FindStringSubmatch(m.Text)[1]
			}
			mail = mail || about && m.Channel == "mail" && strings.Contains(m.Text, "/inv?code=")
		}
		return sms && mail
	})
	got := map[string][]sent{}
	for _, m := range h.messages() {
		if strings.Contains(m.Text, no) && m.Channel == "sms" {
			got[m.Template] = append(got[m.Template], m)
		}
	}
	for _, template := range templates {
		require.Len(h.t, got[template], 1, "SMS %s", template)
	}
	anyone := &person{t: h.t, url: h.url, client: http.DefaultClient}
	require.True(h.t, strings.HasPrefix(anyone.get("/inv?code="+code), "%PDF-"), "the code of the SMS opens the invoice")
}

// hotlineReads finds the order by the agent's phone and reads the sentence.
func (h *house) hotlineReads(no string) {
	h.t.Helper()
	var phone string
	for _, m := range h.messages() {
		if m.Template == "approved" && strings.Contains(m.Text, no) {
			phone = strings.TrimPrefix(m.To, "+86")
		}
	}
	require.NotEmpty(h.t, phone)
	clerk := h.logIn("hotline", 0)
	page := clerk.post("/hotline", url.Values{"q": {phone}})
	require.Contains(h.t, page, no)
	require.Contains(h.t, page, "证书已更新完成")
	require.NotContains(h.t, page, "data:image", "the hotline sees no papers")
}
