package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where a project re-keys the driver brings a CSR, the key centre makes the encryption key and the Ukey takes it out of
// the answer: on both paths, on real parts.
func TestMainJobNewKeys(t *testing.T) {
	h := newHouse(t, "--orders", "0", "--certificates", "4")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ports, err := os.ReadFile(filepath.Join(h.data, "demo", "ports.json"))
	require.NoError(t, err)
	require.Contains(t, string(ports), `"kmc"`)
	online, reviewed := t.TempDir(), t.TempDir()
	byHolder := h.renew(ctx, h.serials("online", "csr")[0], online, "--path", "online", "--pay", "wechat")
	byStaff := h.renew(ctx, h.serials("reviewed", "csr")[0], reviewed, "--path", "reviewed", "--pay", "alipay")
	require.NoError(t, <-byHolder)

	reviewer, no := h.logIn("reviewer", 0), ""
	eventually(t, "the order enters 待审核 by itself", func() bool {
		no = orderNo.FindString(reviewer.get("/queue"))
		return no != ""
	})
	h.reviewAndIssue(no)
	require.NoError(t, <-byStaff)
	for _, out := range []string{online, reviewed} {
		h.checkPair(out)
		for _, name := range []string{"sign.csr.pem", "sign.key.pem", "csrresponse.der"} {
			require.FileExists(t, filepath.Join(out, name))
		}
	}
	page := reviewer.get("/orders/" + no)
	require.True(t, strings.Contains(page, "已更新"), "the driver has confirmed its last step")
	printed, err := h.run(ctx, "caconsole", "issuance", "verify")
	require.NoError(t, err, printed)
}
