// Package tencentsms sends SMS through Tencent Cloud (SMS API 2021-01-11: SendSms, PullSmsSendStatusByPhoneNumber).
package tencentsms

import (
	"context"
	"errors"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/tencent"
)

// Config is the account's SMS application.
type Config struct {
	Service tencent.Service
	AppID   string // SmsSdkAppId
	Sign    string // approved signature
	// Templates are the vendor's numbers of the approved texts.
	Templates map[notify.Template]string
}

// Sender implements notify.Sender.
type Sender struct{ c Config }

// New makes a sender. The service's name and version are set here.
func New(c Config) *Sender {
	c.Service.Name, c.Service.Version = "sms", "2021-01-11"
	return &Sender{c}
}

type sendRequest struct {
	PhoneNumberSet   []string
	SmsSdkAppId      string
	TemplateId       string
	SignName         string
	TemplateParamSet []string
	SessionContext   string
}

type sendResponse struct {
	SendStatusSet []struct {
		SerialNo string
		Code     string
		Message  string
	}
}

// Send hands a message over; our id goes along as SessionContext, by which Find knows it again.
func (s *Sender) Send(ctx context.Context, m notify.Outgoing) (string, error) {
	template, ok := s.c.Templates[m.Template]
	if !ok {
		return "", refusal("template_not_configured", nil)
	}
	var out sendResponse
	err := s.c.Service.Call(ctx, "SendSms", sendRequest{
		PhoneNumberSet: []string{number(m)}, SmsSdkAppId: s.c.AppID, TemplateId: template, SignName: s.c.Sign,
		TemplateParamSet: m.Params, SessionContext: m.ID.String(),
	}, &out)
	var refused *tencent.Error
	switch {
	case errors.As(err, &refused):
		return "", refusal(refused.Code, err)
	case err != nil:
		return "", err
	case len(out.SendStatusSet) != 1:
		return "", fault.Down("vendor_unavailable", time.Minute, errors.New("no status for the message"))
	}
	status := out.SendStatusSet[0]
	if status.Code != "Ok" {
		return "", refusal(status.Code, nil)
	}
	return status.SerialNo, nil
}

type pullRequest struct {
	BeginTime   int64
	Offset      int
	Limit       int
	PhoneNumber string
	SmsSdkAppId string
	EndTime     int64
}

type pullResponse struct {
	PullSmsSendStatusSet []struct {
		SerialNo       string
		ReportStatus   string
		Description    string
		SessionContext string
	}
}

// Find looks a message up among those sent to its number since it was made. The vendor lists a message once the
// carrier has reported on it, so that one it does not list may still be on its way: Unavailable "message_unreported".
func (s *Sender) Find(ctx context.Context, m notify.Outgoing) (notify.Report, error) {
	var out pullResponse
	err := s.c.Service.Call(ctx, "PullSmsSendStatusByPhoneNumber", pullRequest{
		BeginTime: m.At.Add(-time.Minute).Unix(), EndTime: s.c.Service.Now().Add(time.Minute).Unix(), Limit: 100,
		PhoneNumber: number(m), SmsSdkAppId: s.c.AppID,
	}, &out)
	if err != nil {
		var refused *tencent.Error
		if errors.As(err, &refused) {
			return notify.Report{}, fault.Down("vendor_unavailable", time.Minute, err)
		}
		return notify.Report{}, err
	}
	for _, st := range out.PullSmsSendStatusSet {
		if st.SessionContext != m.ID.String() {
			continue
		}
		r := notify.Report{Found: true, ProviderID: st.SerialNo, State: notify.Delivered}
		if st.ReportStatus != "SUCCESS" {
			r.State, r.Detail = notify.Failed, st.Description
		}
		return r, nil
	}
	return notify.Report{}, fault.Down("message_unreported", time.Minute, nil)
}

func number(m notify.Outgoing) string { return "+86" + strings.TrimPrefix(m.To.Reveal(), "+86") }

func refusal(code string, cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "message_refused", Args: fault.Args{"code": code}, Cause: cause}
}
