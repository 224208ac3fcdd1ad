package tencent

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

const (
	maxPhones  = 200 // of one SendSms
	maxLength  = 500 // characters of a message with its signature
	maxHistory = 7 * 24 * time.Hour
	hintTries  = 4 // of a notice that may as well be asked for
)

// link finds what the vendor will not carry in a variable: addresses with or without a scheme, short links too.
var link = regexp.MustCompile(`(?i)https?:|www\.|[a-z0-9-]+\.(com|cn|net|org|cc|top|vip|ltd|test|example)\b|\b[a-z0-9-]+\.[a-z]{2,6}/`)

// delivery is one message the simulator took.
type delivery struct {
	Serial  string    `json:"serial"`
	Phone   string    `json:"phone"` // eleven digits
	Session string    `json:"session"`
	At      time.Time `json:"at"`
}

type sendRequest struct {
	PhoneNumberSet   []string
	SmsSdkAppId      string
	TemplateId       string
	SignName         string
	TemplateParamSet []string
	SessionContext   string
}

type sendStatus struct {
	SerialNo       string
	PhoneNumber    string
	Fee            int
	SessionContext string
	Code           string
	Message        string
	IsoCode        string
}

// sendSms answers SendSms, version 2021-01-11. Mistakes in the request as a whole are refused; what concerns one
// number or the text stands in that number's status, as the real service does it.
func (c *Cloud) sendSms(body []byte) (any, *apiError) {
	var in sendRequest
	if fail := read(body, &in); fail != nil {
		return nil, fail
	}
	switch {
	case len(in.PhoneNumberSet) == 0:
		return nil, refused("MissingParameter", "The request is missing the parameter `PhoneNumberSet`.")
	case len(in.PhoneNumberSet) > maxPhones:
		return nil, refused("LimitExceeded.PhoneNumberCountLimit", "调用短信发送 API 接口单次提交的手机号个数超过 200 个。")
	case in.SmsSdkAppId != c.opt.SMSAppID:
		return nil, refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId 校验失败。")
	}
	set := make([]sendStatus, 0, len(in.PhoneNumberSet))
	for _, phone := range in.PhoneNumberSet {
		status, err := c.send(in, phone)
		if err != nil {
			return nil, internal(err)
		}
		set = append(set, status)
	}
	return map[string]any{"SendStatusSet": set}, nil
}

// send takes one message. The error is the simulator's own; refusals are in the status.
func (c *Cloud) send(in sendRequest, phone string) (sendStatus, error) {
	status := sendStatus{PhoneNumber: phone, SessionContext: in.SessionContext}
	template, text, fail := c.compose(in)
	national := strings.TrimPrefix(phone, "+86")
	if fail == nil && (national == phone || !mobile.MatchString(national)) {
		fail = refused("InvalidParameterValue.IncorrectPhoneNumber", "手机号格式错误。")
	}
	if fail != nil {
		status.Code, status.Message = fail.Code, fail.Message
		return status, nil
	}
	at := c.opt.Now()
	d := delivery{Serial: fmt.Sprintf("%d:%s", at.UnixMilli(), uuid.NewString()[:18]), Phone: national, Session: in.SessionContext, At: at}
	if err := c.opt.Box.Put(outbox.Message{Channel: outbox.SMS, To: national, Template: template.Name, Text: text, At: at}); err != nil {
		return status, err
	}
	if _, _, err := c.messages.Add(d.Serial, d); err != nil {
		return status, err
	}
	c.report(d)
	status.SerialNo, status.Fee, status.Code, status.Message, status.IsoCode = d.Serial, 1, "Ok", "send success", "CN"
	return status, nil
}

// compose checks signature, template and variables and returns the text.
func (c *Cloud) compose(in sendRequest) (Template, string, *apiError) {
	if in.SignName != c.opt.SignName {
		return Template{}, "", refused("FailedOperation.SignatureIncorrectOrUnapproved", "签名未审批或格式错误。")
	}
	t, ok := c.templates[in.TemplateId]
	if !ok {
		return t, "", refused("FailedOperation.TemplateIncorrectOrUnapproved", "模板未审批或不存在。")
	}
	if len(in.TemplateParamSet) != t.variables() {
		return t, "", refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "请求内容与审核通过的模板内容不匹配。")
	}
	if slices.ContainsFunc(in.TemplateParamSet, link.MatchString) {
		return t, "", refused("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "禁止在模板变量中使用 URL。")
	}
	text := "【" + in.SignName + "】" + t.fill(in.TemplateParamSet)
	if utf8.RuneCountInString(text) > maxLength {
		return t, "", refused("InvalidParameterValue.ContentLengthLimit", "请求的短信内容太长。")
	}
	return t, text, nil
}

// report tells the customer of a delivered message, as the service's status notification does.
func (c *Cloud) report(d delivery) {
	type note struct {
		Received    string `json:"user_receive_time"`
		Nation      string `json:"nationcode"`
		Mobile      string `json:"mobile"`
		Status      string `json:"report_status"`
		Error       string `json:"errmsg"`
		Description string `json:"description"`
		Serial      string `json:"sid"`
	}
	call := callback.Call{Vendor: trouble.SMS, URL: c.opt.SMSCallback, ContentType: "application/json", Tries: hintTries}
	var err error
	// Somebody else claims that the message did not arrive; the service's report says that it did.
	if _, ok := c.opt.Troubles.Strike(trouble.SMS, trouble.Forge); ok {
		call.Body, err = json.Marshal([]note{{d.At.In(beijing).Format(time.DateTime), "86", d.Phone, "FAIL", "MK:0001", "号码无效", d.Serial}})
		if err == nil {
			c.opt.Callbacks.Once(call)
		}
	}
	call.Body, err = json.Marshal([]note{{
		d.At.In(beijing).Format(time.DateTime), "86", d.Phone, "SUCCESS", "DELIVRD", "用户短信送达成功", d.Serial,
	}})
	if err != nil {
		c.opt.Log.Error("status not encoded", "error", err)
		return
	}
	c.opt.Callbacks.Send(call)
}

// beijing is the time zone of the cloud's notices.
var beijing = time.FixedZone("CST", 8*3600)

type pulled struct {
	UserReceiveTime  int64
	CountryCode      string
	SubscriberNumber string
	PhoneNumber      string
	SerialNo         string
	ReportStatus     string
	Description      string
	SessionContext   string
}

// pullStatus answers PullSmsSendStatusByPhoneNumber: what became of the messages to one number since a time. A
// customer whose SendSms timed out finds its message here by SessionContext.
func (c *Cloud) pullStatus(body []byte) (any, *apiError) {
	var in struct {
		BeginTime, EndTime int64
		Offset, Limit      int
		PhoneNumber        string
		SmsSdkAppId        string
	}
	if fail := read(body, &in); fail != nil {
		return nil, fail
	}
	now := c.opt.Now()
	switch {
	case in.SmsSdkAppId != c.opt.SMSAppID:
		return nil, refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId 校验失败。")
	case in.Limit <= 0 || in.Limit > 100:
		return nil, refused("InvalidParameterValue.LimitVerifyFail", "参数 Limit 校验失败。")
	case in.Offset != 0:
		return nil, refused("InvalidParameterValue.OffsetVerifyFail", "参数 Offset 校验失败。")
	case now.Sub(time.Unix(in.BeginTime, 0)) > maxHistory:
		return nil, refused("InvalidParameterValue.BeginTimeVerifyFail", "参数 BeginTime 校验失败。")
	}
	end := now
	if in.EndTime != 0 {
		end = time.Unix(in.EndTime, 0)
	}
	set := []pulled{}
	for _, d := range c.messages.All() {
		if "+86"+d.Phone != in.PhoneNumber || d.At.Unix() < in.BeginTime || d.At.After(end) {
			continue
		}
		set = append(set, pulled{d.At.Unix(), "86", d.Phone, "+86" + d.Phone, d.Serial, "SUCCESS", "用户短信送达成功", d.Session})
	}
	slices.SortFunc(set, func(a, b pulled) int { return strings.Compare(a.SerialNo, b.SerialNo) })
	return map[string]any{"PullSmsSendStatusSet": set[:min(len(set), in.Limit)]}, nil
}
