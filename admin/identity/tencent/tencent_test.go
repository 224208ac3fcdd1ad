package tencent_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	face "caconsole/admin/identity/tencent"
	"caconsole/admin/tencent"
)

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

func newClient(t *testing.T) (*face.Client, *cloud) {
	t.Helper()
	c := &cloud{}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	at := func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) }
	return face.New(tencent.Service{URL: srv.URL, Account: tencent.Account{SecretID: "id", SecretKey: "key"}, Now: at}, "7"), c
}

func TestStart(t *testing.T) {
	t.Parallel()
	v, c := newClient(t)
	c.answer = `{"Response":{"Url":"https://open.faceid.qq.com/x","BizToken":"CE661F1A-0B6D","RequestId":"r"}}`
	s, err := v.Start(t.Context(), identity.Subject{
		Ref: uuid.MustParse("01930000-0000-7000-8000-000000000001"), Person: identity.Person{Name: "张敏", IDNumber: "11010519491231002X"},
		CallbackURL: "https://hall.example/cb",
	})
	require.NoError(t, err)
	require.Equal(t, identity.Session{Token: "CE661F1A-0B6D", URL: "https://open.faceid.qq.com/x"}, s)
	require.Equal(t, "DetectAuth", c.head.Get("X-TC-Action"))
	require.Equal(t, "2018-03-01", c.head.Get("X-TC-Version"))
	require.Equal(t, map[string]any{
		"RuleId": "7", "Name": "张敏", "IdCard": "11010519491231002X", "RedirectUrl": "https://hall.example/cb",
		"Extra": "01930000-0000-7000-8000-000000000001",
	}, c.body)

	c.answer = `{"Response":{"Error":{"Code":"InvalidParameterValue.IdCardFormatInvalid","Message":"m"},"RequestId":"r"}}`
	_, err = v.Start(t.Context(), identity.Subject{})
	require.True(t, fault.HasKey(err, "identity_vendor_refused"))
	require.Equal(t, "InvalidParameterValue.IdCardFormatInvalid", fault.Of(err).Args["code"])

	c.answer = `{"Response":{"Error":{"Code":"InternalError.DbUnknown","Message":"m"},"RequestId":"r"}}`
	_, err = v.Start(t.Context(), identity.Subject{})
	require.True(t, fault.Is(err, fault.Unavailable))
}

// detected is an answer of GetDetectInfoEnhanced with the fields of the vendor's document that are used.
func detected(text string) string {
	picture := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return fmt.Sprintf(`{"Response":{"Text":{%s},"IdCardData":{"OcrFront":%q,"OcrBack":%q,"ProcessedFrontImage":null,"Avatar":null,
		"WarnInfos":[-9107],"BackWarnInfos":[-9101]},"BestFrame":{"BestFrame":%q,"BestFrames":null},"VideoData":{"LivenessVideo":null},
		"Encryption":null,"RequestId":"r"}}`, text, picture("front"), picture("back"), picture("frame"))
}

const passed = `"ErrCode":0,"ErrMsg":"成功","IdCard":"11010519491231002X","Name":"张敏","OcrNation":"汉","OcrName":"张敏",
	"OcrIdCard":"11010519491231002x","LiveStatus":0,"LiveMsg":"成功","Comparestatus":0,"Comparemsg":"成功","Sim":"91.55",
	"CompareLibType":"权威库","LivenessMode":2,"Extra":"","Mobile":""`

func TestResult(t *testing.T) {
	t.Parallel()
	v, c := newClient(t)
	c.answer = detected(passed)
	r, err := v.Result(t.Context(), "CE661F1A-0B6D")
	require.NoError(t, err)
	require.Equal(t, "GetDetectInfoEnhanced", c.head.Get("X-TC-Action"))
	require.Equal(t, map[string]any{"BizToken": "CE661F1A-0B6D", "RuleId": "7", "InfoType": "0"}, c.body)
	require.True(t, r.Done && r.Live && r.Compared)
	require.Equal(t, 9155, r.Score)
	require.Equal(t, "权威库", r.Library)
	require.Equal(t, "0", r.Code)
	require.Equal(t, identity.Person{Name: "张敏", IDNumber: "11010519491231002x"}, r.Person)
	require.Equal(t, []string{"-9107", "-9101"}, r.Warnings)
	require.Equal(t, map[identity.Picture][]byte{
		identity.BestFrame: []byte("frame"), identity.CardFront: []byte("front"), identity.CardBack: []byte("back"),
	}, r.Pictures)
	require.NotContains(t, string(r.Raw), base64.StdEncoding.EncodeToString([]byte("frame")), "pictures lie in the vault, not in the result")
}

func TestResultThatIsNoPass(t *testing.T) {
	t.Parallel()
	v, c := newClient(t)
	for name, tc := range map[string]struct {
		text  string
		check func(r identity.Result) bool
	}{
		"not finished":           {`"ErrCode":null,"LiveStatus":null`, func(r identity.Result) bool { return !r.Done }},
		"card only":              {`"ErrCode":null,"OcrName":"张敏","LiveStatus":null`, func(r identity.Result) bool { return !r.Done }},
		"not alive":              {swap(`"LiveStatus":0`, `"LiveStatus":1004`), func(r identity.Result) bool { return r.Done && !r.Live }},
		"not alike":              {swap(`"Comparestatus":0`, `"Comparestatus":2004`), func(r identity.Result) bool { return r.Done && !r.Compared }},
		"comparison missing":     {swap(`"Comparestatus":0`, `"Comparestatus":null`), func(r identity.Result) bool { return r.Done && !r.Compared }},
		"score missing":          {swap(`"91.55"`, `null`), func(r identity.Result) bool { return r.Score == 0 }},
		"score out of range":     {swap(`"91.55"`, `"910"`), func(r identity.Result) bool { return r.Score == 0 }},
		"score not a number":     {swap(`"91.55"`, `"NaN"`), func(r identity.Result) bool { return r.Score == 0 }},
		"another's card":         {swap(`"OcrName":"张敏"`, `"OcrName":"王强"`), func(r identity.Result) bool { return r.Person == identity.Person{} }},
		"card without a number":  {swap(`"OcrIdCard":"11010519491231002x"`, `"OcrIdCard":null`), func(r identity.Result) bool { return r.Person == identity.Person{} }},
		"another verdict of all": {swap(`"ErrCode":0`, `"ErrCode":2016`), func(r identity.Result) bool { return r.Code == "2016" }},
	} {
		c.answer = detected(tc.text)
		r, err := v.Result(t.Context(), "T")
		require.NoError(t, err, name)
		require.True(t, tc.check(r), name)
	}
	c.answer = `{"Response":{"Text":"?","RequestId":"r"}}`
	_, err := v.Result(t.Context(), "T")
	require.True(t, fault.Is(err, fault.Unavailable))
}

func swap(from, to string) string { return strings.Replace(passed, from, to, 1) }

func TestCheck(t *testing.T) {
	t.Parallel()
	v, c := newClient(t)
	for code, want := range map[string]identity.Outcome{
		"0": identity.Match, "-4": identity.Mismatch, "-7": identity.Unknown, "-8": identity.Unknown, "-9": identity.Unknown, "-11": identity.Unknown,
		"": identity.Unknown,
	} {
		c.answer = fmt.Sprintf(`{"Response":{"Result":%q,"Description":"d","Isp":"移动","RequestId":"r"}}`, code)
		check, err := v.Check(t.Context(), "张敏", "11010519491231002X", "13800138000")
		require.NoError(t, err)
		require.Equal(t, identity.Check{Outcome: want, Code: code, Carrier: "移动"}, check)
	}
	require.Equal(t, "PhoneVerification", c.head.Get("X-TC-Action"))
	require.Equal(t, map[string]any{"Name": "张敏", "IdCard": "11010519491231002X", "Phone": "13800138000"}, c.body)
}

func TestHint(t *testing.T) {
	t.Parallel()
	v, _ := newClient(t)
	for _, body := range []string{`{"BizToken":"T","Extra":"x"}`, "BizToken=T&Extra=x"} {
		token, err := v.Hint([]byte(body))
		require.NoError(t, err)
		require.Equal(t, "T", token)
	}
	for _, body := range []string{"", "{}", "BizToken", "Extra=%zz", "{BizToken=T", `{"BizToken":7}`} {
		_, err := v.Hint([]byte(body))
		require.True(t, fault.HasKey(err, "callback_unreadable"), body)
	}
}
