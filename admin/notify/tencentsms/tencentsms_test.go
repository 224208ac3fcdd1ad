package tencentsms_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/notify/tencentsms"
	"caconsole/admin/tencent"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// cloud answers one call and keeps what came.
type cloud struct {
	answer string
	head   http.Header
	body   map[string]any
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.head, c.body = r.Header.Clone(), nil
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &c.body)
	_, _ = io.WriteString(w, c.answer)
}

func newSender(t *testing.T) (*tencentsms.Sender, *cloud) {
	t.Helper()
	c := &cloud{}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return tencentsms.New(tencentsms.Config{
		Service: tencent.Service{
			URL: srv.URL, Region: "ap-guangzhou", Account: tencent.Account{SecretID: "id", SecretKey: "key"}, Now: func() time.Time { return noon },
		},
		AppID: "1400006666", Sign: "样例CA", Templates: map[notify.Template]string{notify.Approved: "1110"},
	}), c
}

func message() notify.Outgoing {
	return notify.Outgoing{
		ID: uuid.MustParse("01930000-0000-7000-8000-000000000001"), Template: notify.Approved, To: "18501234444",
		Params: []string{"R26112200017"}, At: noon.Add(-2 * time.Minute),
	}
}

// The answers are those of the vendor's document (SMS 2021-01-11, SendSms), shortened.
func TestSend(t *testing.T) {
	t.Parallel()
	s, c := newSender(t)
	c.answer = `{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8618501234444","Fee":1,
		"SessionContext":"","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}}`
	id, err := s.Send(t.Context(), message())
	require.NoError(t, err)
	require.Equal(t, "5000:1045710669157053657849499619", id)
	require.Equal(t, "SendSms", c.head.Get("X-TC-Action"))
	require.Equal(t, "2021-01-11", c.head.Get("X-TC-Version"))
	require.Equal(t, "ap-guangzhou", c.head.Get("X-TC-Region"))
	require.Equal(t, map[string]any{
		"PhoneNumberSet": []any{"+8618501234444"}, "SmsSdkAppId": "1400006666", "TemplateId": "1110", "SignName": "样例CA",
		"TemplateParamSet": []any{"R26112200017"}, "SessionContext": "01930000-0000-7000-8000-000000000001",
	}, c.body)
}

func TestSendRefused(t *testing.T) {
	t.Parallel()
	s, c := newSender(t)
	for answer, key := range map[string]string{
		`{"Response":{"SendStatusSet":[{"SerialNo":"","Code":"FailedOperation.PhoneNumberInBlacklist","Message":"m"}],"RequestId":"r"}}`: "message_refused",
		`{"Response":{"Error":{"Code":"UnauthorizedOperation.SmsSdkAppIdVerifyFail","Message":"m"},"RequestId":"r"}}`:                    "message_refused",
		`{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r"}}`:                                           "vendor_not_reached",
		`{"Response":{"Error":{"Code":"InternalError.Timeout","Message":"m"},"RequestId":"r"}}`:                                          "vendor_unavailable",
		`{"Response":{"SendStatusSet":[],"RequestId":"r"}}`:                                                                              "vendor_unavailable",
		`{}`:        "vendor_unavailable",
		`not JSON`:  "vendor_unavailable",
		`{"Respo`:   "vendor_unavailable",
		`[{"a":1}]`: "vendor_unavailable",
	} {
		c.answer = answer
		_, err := s.Send(t.Context(), message())
		require.True(t, fault.HasKey(err, key), "%s: %v", answer, err)
	}
	c.body = nil
	m := message()
	m.Template = notify.Returned
	_, err := s.Send(t.Context(), m)
	require.Equal(t, "template_not_configured", fault.Of(err).Args["code"])
	require.Nil(t, c.body, "nothing is sent without the approved text")
}

func TestFind(t *testing.T) {
	t.Parallel()
	s, c := newSender(t)
	const others = `{"Response":{"PullSmsSendStatusSet":[{"SerialNo":"1","ReportStatus":"SUCCESS","SessionContext":"another"}`
	c.answer = others + `],"RequestId":"r"}}`
	_, err := s.Find(t.Context(), message())
	require.True(t, fault.HasKey(err, "message_unreported"), "silence proves nothing")
	require.Equal(t, map[string]any{
		"BeginTime": float64(noon.Add(-3 * time.Minute).Unix()), "EndTime": float64(noon.Add(time.Minute).Unix()), "Offset": 0.0, "Limit": 100.0,
		"PhoneNumber": "+8618501234444", "SmsSdkAppId": "1400006666",
	}, c.body)

	c.answer = others + `,{"SerialNo":"2","ReportStatus":"SUCCESS","Description":"DELIVRD","SessionContext":"01930000-0000-7000-8000-000000000001"}]}}`
	r, err := s.Find(t.Context(), message())
	require.NoError(t, err)
	require.Equal(t, notify.Report{Found: true, ProviderID: "2", State: notify.Delivered}, r)

	c.answer = others + `,{"SerialNo":"2","ReportStatus":"FAIL","Description":"空号","SessionContext":"01930000-0000-7000-8000-000000000001"}]}}`
	r, err = s.Find(t.Context(), message())
	require.NoError(t, err)
	require.Equal(t, notify.Report{Found: true, ProviderID: "2", State: notify.Failed, Detail: "空号"}, r)
}

func TestReported(t *testing.T) {
	t.Parallel()
	s, _ := newSender(t)
	refs, err := s.Reported([]byte(`[{"user_receive_time":"2015-10-17 08:03:04","nationcode":"86","mobile":"13xxxxxxxxx",
		"report_status":"SUCCESS","errmsg":"DELIVRD","description":"用户短信送达成功","sid":"5000:1"},{"sid":""}]`))
	require.NoError(t, err)
	require.Equal(t, []string{"5000:1"}, refs)
	_, err = s.Reported([]byte(`{"sid":"1"}`))
	require.True(t, fault.HasKey(err, "callback_unreadable"))
}
