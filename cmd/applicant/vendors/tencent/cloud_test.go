package tencent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// painter is one for all tests: reading the font takes a while.
var painter = sync.OnceValues(func() (*paper.Painter, error) { return paper.Open("") })

const (
	testID, testKey = "AKIDtest", "secret"
	testRule        = "1"
)

// bench is one running cloud and a customer of it.
type bench struct {
	*httptest.Server
	cloud     *Cloud
	box       *outbox.Box
	troubles  *trouble.List
	callbacks *callback.Sender
	now       time.Time
	// how the customer signs; a test spoils one of them
	id, key, version, service string
	at                        time.Time
}

func setup(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	painter, err := painter()
	require.NoError(t, err, "install fonts-noto-cjk")
	box, err := outbox.Open(t.TempDir())
	require.NoError(t, err)
	b := &bench{box: box, troubles: &trouble.List{}, now: noon, at: noon, id: testID, key: testKey}
	log := slog.New(slog.DiscardHandler)
	b.callbacks = callback.New(t.Context(), b.troubles, log)
	mux := http.NewServeMux()
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	o := Options{
		SecretID: testID, SecretKey: testKey, RuleID: testRule, SMSAppID: "1400006666", SignName: "深圳CA", Templates: Approved("https://ca.example/inv"),
		Public: func() string { return b.URL }, State: t.TempDir(), Box: box, Painter: painter, Callbacks: b.callbacks,
		Troubles: b.troubles, Now: func() time.Time { return b.now }, Log: log,
	}
	if change != nil {
		change(&o)
	}
	b.cloud, err = New(o)
	require.NoError(t, err)
	b.cloud.Routes(mux)
	return b
}

// call signs and sends one action and returns Response.
func (b *bench) call(t *testing.T, action string, in any) map[string]any {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/", bytes.NewReader(body))
	require.NoError(t, err)
	service, version := "faceid", "2018-03-01"
	if strings.Contains(action, "Sms") {
		service, version = "sms", "2021-01-11"
	}
	if b.service != "" {
		service = b.service
	}
	if b.version != "" {
		version = b.version
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("X-TC-Action", action)
	req.Header.Set("X-TC-Version", version)
	req.Header.Set("X-TC-Timestamp", fmt.Sprint(b.at.Unix()))
	cred := credential{secretID: b.id, date: b.at.UTC().Format(time.DateOnly), service: service, signedHeaders: []string{"content-type", "host", "x-tc-action"}}
	req.Host = strings.TrimPrefix(b.URL, "http://")
	signature := sign(b.key, cred, b.at.Unix(), canonical(req, cred.signedHeaders, body))
	req.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s/%s/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=%s",
		Algorithm, b.id, cred.date, service, signature))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, 200, resp.StatusCode)
	var out struct{ Response map[string]any }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	require.NotEmpty(t, out.Response["RequestId"])
	return out.Response
}

// code is the error code of a response, "" for none.
func code(response map[string]any) string {
	e, _ := response["Error"].(map[string]any)
	c, _ := e["Code"].(string)
	return c
}

// TestPublishedVector is the worked example of the TC3 document (DescribeInstances of 2019-02-25).
func TestPublishedVector(t *testing.T) {
	t.Parallel()
	body := `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://cvm.tencentcloudapi.com/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	cred := credential{date: "2019-02-25", service: "cvm", signedHeaders: []string{"content-type", "host"}}
	got := sign("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", cred, 1551113065, canonical(r, cred.signedHeaders, []byte(body)))
	require.Equal(t, "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168", got)
}

func TestWrongSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	in := map[string]string{"RuleId": testRule}
	for want, spoil := range map[string]func(*bench){
		"":                             func(*bench) {},
		"AuthFailure.SignatureFailure": func(b *bench) { b.key = "guess" },
		"AuthFailure.SecretIdNotFound": func(b *bench) { b.id = "AKIDother" },
		"AuthFailure.SignatureExpire":  func(b *bench) { b.at = noon.Add(-6 * time.Minute) },
		"InvalidAction":                func(b *bench) { b.service = "sms" },
		"NoSuchVersion":                func(b *bench) { b.version = "2017-01-01" },
	} {
		c := *b
		spoil(&c)
		require.Equal(t, want, code(c.call(t, "DetectAuth", in)))
	}
	resp, err := http.Post(b.URL+"/", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(raw), "AuthFailure.InvalidAuthorization")
}

func (b *bench) press(t *testing.T, page string, form url.Values) int {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(page, form)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func (b *bench) through(t *testing.T, page, outcome string) {
	t.Helper()
	for _, step := range []string{"front", "back", "liveness"} {
		require.Equal(t, 303, b.press(t, page, url.Values{"step": {step}, "outcome": {outcome}}))
	}
}

func TestFacePageToResult(t *testing.T) {
	t.Parallel()
	hints := make(chan string, 1)
	customer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		hints <- r.Method + " " + r.URL.Query().Get("BizToken") + " " + string(body)
	}))
	defer customer.Close()
	b := setup(t, nil)
	who := person.New(5)
	auth := b.call(t, "DetectAuth", map[string]string{
		"RuleId": testRule, "Name": who.Name, "IdCard": who.IDNumber, "RedirectUrl": customer.URL + "/cb", "Extra": "attempt-1",
	})
	require.Empty(t, code(auth))
	token, _ := auth["BizToken"].(string)
	page, _ := auth["Url"].(string)
	query := map[string]string{"BizToken": token, "RuleId": testRule}

	resp, err := http.Get(b.URL + "/face/" + token)
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(raw), "身份证原件人像面")
	require.NotContains(t, string(raw), who.Name, "the page masks the name")

	text, _ := b.call(t, "GetDetectInfoEnhanced", query)["Text"].(map[string]any)
	require.Nil(t, text["ErrCode"], "no result before the page is done")
	require.Equal(t, 409, b.press(t, page, url.Values{"step": {"liveness"}, "outcome": {"pass"}}), "steps cannot be skipped")

	b.through(t, page, "pass")
	b.callbacks.Wait()
	require.Equal(t, fmt.Sprintf(`POST %s {"BizToken":"%s","Extra":"attempt-1"}`, token, token), <-hints)

	got := b.call(t, "GetDetectInfoEnhanced", query)
	text, _ = got["Text"].(map[string]any)
	require.EqualValues(t, 0, text["ErrCode"])
	require.Equal(t, who.Name, text["OcrName"])
	require.Equal(t, who.IDNumber, text["OcrIdCard"])
	require.Equal(t, "attempt-1", text["Extra"])
	card, _ := got["IdCardData"].(map[string]any)
	front, _ := card["OcrFront"].(string)
	picture, err := base64.StdEncoding.DecodeString(front)
	require.NoError(t, err)
	_, err = jpeg.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	require.NotEmpty(t, got["BestFrame"])

	query["InfoType"] = "1"
	require.NotContains(t, b.call(t, "GetDetectInfoEnhanced", query), "IdCardData")
}

func TestFaceOutcomes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	who := person.New(6)
	for outcome, check := range map[string]func(map[string]any){
		"fail":         func(text map[string]any) { require.NotEqualValues(t, 0, text["LiveStatus"]) },
		"low_score":    func(text map[string]any) { require.NotEqualValues(t, 0, text["Comparestatus"]) },
		"wrong_person": func(text map[string]any) { require.NotEqual(t, who.IDNumber, text["IdCard"]) },
	} {
		auth := b.call(t, "DetectAuth", map[string]string{"RuleId": testRule, "Name": who.Name, "IdCard": who.IDNumber})
		page, _ := auth["Url"].(string)
		b.through(t, page, outcome)
		text, _ := b.call(t, "GetDetectInfoEnhanced", map[string]string{"BizToken": auth["BizToken"].(string), "RuleId": testRule, "InfoType": "1"})["Text"].(map[string]any)
		check(text)
	}
	require.Equal(t, "InvalidParameterValue.BizTokenIllegal", code(b.call(t, "GetDetectInfoEnhanced", map[string]string{"BizToken": "x", "RuleId": testRule})))
}

func TestSessionsSurviveANewStartAndExpire(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	b := setup(t, func(o *Options) { o.State = state })
	who := person.New(7)
	auth := b.call(t, "DetectAuth", map[string]string{"RuleId": testRule, "Name": who.Name, "IdCard": who.IDNumber})
	token, _ := auth["BizToken"].(string)
	again := setup(t, func(o *Options) { o.State = state })
	page := again.URL + "/face/" + token
	again.through(t, page, "pass")
	again.now = noon.Add(73 * time.Hour)
	again.at = again.now
	require.Equal(t, "InvalidParameterValue.BizTokenExpired", code(again.call(t, "GetDetectInfoEnhanced", map[string]string{"BizToken": token, "RuleId": testRule})))

	b.now = noon.Add(3 * time.Hour)
	require.Equal(t, 410, b.press(t, b.URL+"/face/"+token, url.Values{"step": {"front"}}))
	require.Equal(t, 404, b.press(t, b.URL+"/face/none", url.Values{"step": {"front"}}))
}

func TestPhoneVerification(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	who := person.New(8)
	for _, row := range []struct{ name, id, phone, want, isp string }{
		{who.Name, who.IDNumber, "13800001234", "0", "移动"},
		{who.Name, who.IDNumber, "13300000004", "-4", "电信"},
		{who.Name, who.IDNumber, "13800000009", "-9", ""},
		{who.Name, who.IDNumber, "13800000011", "-11", ""},
		{who.Name, who.IDNumber, "138", "-6", ""},
		{who.Name, "440304199001010000", "13800001234", "-7", ""},
		{" ", who.IDNumber, "13800001234", "-8", ""},
	} {
		got := b.call(t, "PhoneVerification", map[string]string{"Name": row.name, "IdCard": row.id, "Phone": row.phone})
		require.Equal(t, row.want, got["Result"], row.phone)
		require.Equal(t, row.isp, got["Isp"], row.phone)
	}
}

func TestSendSms(t *testing.T) {
	t.Parallel()
	notes := make(chan string, 1)
	customer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notes <- string(body)
		_, _ = io.WriteString(w, `{"result":0,"errmsg":"OK"}`)
	}))
	defer customer.Close()
	b := setup(t, func(o *Options) { o.SMSCallback = customer.URL })
	send := func(change func(map[string]any)) string {
		in := map[string]any{
			"PhoneNumberSet": []string{"+8613800001234"}, "SmsSdkAppId": "1400006666", "TemplateId": "2100001", "SignName": "深圳CA",
			"TemplateParamSet": []string{"482913", "5"}, "SessionContext": "message-1",
		}
		change(in)
		got := b.call(t, "SendSms", in)
		if c := code(got); c != "" {
			return c
		}
		set, _ := got["SendStatusSet"].([]any)
		status, _ := set[0].(map[string]any)
		c, _ := status["Code"].(string)
		return c
	}
	require.Equal(t, "Ok", send(func(map[string]any) {}))
	for want, change := range map[string]func(map[string]any){
		"InvalidParameterValue.IncorrectPhoneNumber":                func(m map[string]any) { m["PhoneNumberSet"] = []string{"13800001234"} },
		"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": func(m map[string]any) { m["TemplateParamSet"] = []string{"evil.cn/x", "5"} },
		"FailedOperation.TemplateIncorrectOrUnapproved":             func(m map[string]any) { m["TemplateId"] = "1" },
		"FailedOperation.SignatureIncorrectOrUnapproved":            func(m map[string]any) { m["SignName"] = "other" },
		"FailedOperation.TemplateParamSetNotMatchApprovedTemplate":  func(m map[string]any) { m["TemplateParamSet"] = []string{"1"} },
		"UnauthorizedOperation.SmsSdkAppIdVerifyFail":               func(m map[string]any) { m["SmsSdkAppId"] = "1" },
		"MissingParameter": func(m map[string]any) { m["PhoneNumberSet"] = []string{} },
	} {
		require.Equal(t, want, send(change))
	}
	all, err := b.box.List()
	require.NoError(t, err)
	require.Len(t, all, 1, "refused messages reach nobody")
	require.Equal(t, outbox.Message{
		Channel: "sms", To: "13800001234", Template: "login_code", At: noon,
		Text: "【深圳CA】验证码482913，5分钟内有效，用于登录证书续期业务。如非本人操作，请忽略本短信。",
	}, all[0])
	b.callbacks.Wait()
	require.Contains(t, <-notes, `"report_status":"SUCCESS"`)
}

func TestLostAnswerIsFoundBySession(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	require.NoError(t, b.troubles.Add(trouble.Trouble{Call: "DetectAuth", Kind: trouble.Refuse, Code: "InternalError"}))
	require.Equal(t, "InternalError", code(b.call(t, "DetectAuth", map[string]string{"RuleId": testRule})))

	b.call(t, "SendSms", map[string]any{
		"PhoneNumberSet": []string{"+8613800001234"}, "SmsSdkAppId": "1400006666", "TemplateId": "2100007", "SignName": "深圳CA",
		"TemplateParamSet": []string{"R26112200018"}, "SessionContext": "message-9",
	})
	got := b.call(t, "PullSmsSendStatusByPhoneNumber", map[string]any{
		"SmsSdkAppId": "1400006666", "PhoneNumber": "+8613800001234", "BeginTime": noon.Add(-time.Hour).Unix(), "Offset": 0, "Limit": 100,
	})
	set, _ := got["PullSmsSendStatusSet"].([]any)
	require.Len(t, set, 1)
	require.Equal(t, "message-9", set[0].(map[string]any)["SessionContext"])
}
