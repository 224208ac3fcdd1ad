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

// The worked example of Tencent's documentation, but for the credentials, which are there replaced by asterisks: the
// signature is therefore computed once more by the documented steps with other keys. The digest of the body is theirs.
func TestAuthorizationFollowsTheDocument(t *testing.T) {
	t.Parallel()
	body := []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`)
	require.Equal(t, "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064", hexSum(body))
	got := authorization(Account{"AKIDEXAMPLE", "secret"}, "cvm", "cvm.tencentcloudapi.com", time.Unix(1551113065, 0).UTC(), body)
	require.Regexp(t, `^TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=[0-9a-f]{64}$`, got)
	other := authorization(Account{"AKIDEXAMPLE", "secret"}, "cvm", "cvm.tencentcloudapi.com", time.Unix(1551113065, 0).UTC(), append(body, ' '))
	require.NotEqual(t, got, other, "the body is signed")
}

func TestCall(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"Good":    `{"Response":{"Value":"x","RequestId":"r1"}}`,
		"Refused": `{"Response":{"Error":{"Code":"InvalidParameter","Message":"name 张三"},"RequestId":"r2"}}`,
		"Busy":    `{"Response":{"Error":{"Code":"InternalError.Busy","Message":"m"},"RequestId":"r3"}}`,
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
		require.True(t, fault.Is(s.Call(t.Context(), action, json.RawMessage(`{}`), &out), fault.Unavailable), action)
	}
}
