package tencent

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

// The worked example of Tencent's document "签名方法 v3" (the edition that printed its credentials, TC3-HMAC-SHA256 with
// content-type and host signed).
func TestAuthorizationFollowsTheDocument(t *testing.T) {
	t.Parallel()
	body := []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`)
	require.Equal(t, "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064", hexSum(body))
	account := Account{"AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"}
	got := authorization(account, "cvm", "cvm.tencentcloudapi.com", time.Unix(1551113065, 0).UTC(), body)
	require.Equal(t, "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "+
		"SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168", got)
}

func TestCall(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"Good":    `{"Response":{"Value":"x","RequestId":"r1"}}`,
		"Refused": `{"Response":{"Error":{"Code":"InvalidParameter","Message":"name 张三"},"RequestId":"r2"}}`,
		"Busy":    `{"Response":{"Error":{"Code":"InternalError.Busy","Message":"m"},"RequestId":"r3"}}`,
		"TooMany": `{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r4"}}`,
		"Clock":   `{"Response":{"Error":{"Code":"AuthFailure.SignatureExpire","Message":"m"},"RequestId":"r5"}}`,
		"Broken":  `<html>`,
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-TC-Action") == "Down" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte(answers[r.Header.Get("X-TC-Action")]))
	}))
	t.Cleanup(srv.Close)
	s := Service{URL: srv.URL, Name: "sms", Version: "2021-01-11", Account: Account{"id", "key"}, Now: time.Now}

	var out struct{ Value string }
	require.NoError(t, s.Call(t.Context(), "Good", map[string]string{}, &out))
	require.Equal(t, "x", out.Value)

	var refused *Error
	require.ErrorAs(t, s.Call(t.Context(), "Refused", map[string]string{}, &out), &refused)
	require.Equal(t, "InvalidParameter", refused.Code)
	require.NotContains(t, refused.Error(), "张三", "what was sent must not reach a log")

	for _, action := range []string{"Busy", "Broken", "Down"} {
		require.True(t, fault.HasKey(s.Call(t.Context(), action, json.RawMessage(`{}`), &out), "vendor_unavailable"), action)
	}
	for _, action := range []string{"TooMany", "Clock"} {
		require.True(t, fault.HasKey(s.Call(t.Context(), action, json.RawMessage(`{}`), &out), "vendor_not_reached"), action)
	}
	srv.Close()
	require.True(t, fault.HasKey(s.Call(t.Context(), "Good", json.RawMessage(`{}`), &out), "vendor_not_reached"), "nobody listens")
}
