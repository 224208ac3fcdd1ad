package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// The online path on real parts, without a hand of staff: an applicant whose certificate is still valid pays by code,
// the Ukey's own signature authorises the renewal, and the driver has the new pair.
func TestMainJobOnlinePath(t *testing.T) {
	h := newHouse(t, "--orders", "0", "--certificates", "2")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	serials := h.serials("online", "keep")
	require.Len(t, serials, 2)
	var outs []string
	for i, method := range []string{"wechat", "alipay"} {
		out := t.TempDir()
		outs = append(outs, out)
		require.NoError(t, <-h.renew(ctx, serials[i], out, "--path", "online", "--pay", method), "renewal paid by %s", method)
		h.checkPair(out)
	}
	lead := h.logIn("review_lead", 0)
	numbers := unique(orderNo.FindAllString(lead.get("/orders?stage=done"), -1))
	require.Len(t, numbers, 2)
	for _, no := range numbers {
		h.checkMessages(no, "accepted", "payment_settled", "invoice")
	}
	h.revokes(outs[0])
	printed, err := h.run(ctx, "caconsole", "audit", "verify")
	require.NoError(t, err, printed)
}
