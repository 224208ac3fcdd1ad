// Package tencent is the client of Tencent Cloud's FaceID (API 2018-03-01): DetectAuth and GetDetectInfoEnhanced for
// the agent's identity on the phone, PhoneVerification for the carriers' three-factor check.
package tencent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/seal"
	"caconsole/admin/tencent"
)

// Client implements identity.Vendor and identity.Telecom.
type Client struct {
	service tencent.Service
	rule    string
}

// New makes a client. rule is the RuleId of the business; name and version of the service are set here.
func New(s tencent.Service, rule string) *Client {
	s.Name, s.Version = "faceid", "2018-03-01"
	return &Client{s, rule}
}

// Name names the vendor in callbacks and records.
func (c *Client) Name() string { return "tencent" }

// Start asks for a token and the page that goes with it.
func (c *Client) Start(ctx context.Context, s identity.Subject) (identity.Session, error) {
	var out struct{ Url, BizToken string }
	err := c.service.Call(ctx, "DetectAuth", map[string]string{
		"RuleId": c.rule, "Name": s.Person.Name.Reveal(), "IdCard": s.Person.IDNumber.Reveal(),
		"RedirectUrl": s.CallbackURL, "Extra": s.Ref.String(),
	}, &out)
	return identity.Session{Token: out.BizToken, URL: out.Url}, refused(err)
}

// text is the part of DetectInfoText that is used; all of it is null before the person has finished.
type text struct {
	ErrCode        *int64
	IdCard         *string
	Name           *string
	LiveStatus     *int64
	Comparestatus  *int64
	Sim            *string
	CompareLibType *string
	OcrName        *string
	OcrIdCard      *string
}

type detectInfo struct {
	Text       json.RawMessage
	IdCardData struct {
		OcrFront, OcrBack string
		WarnInfos         []int64
		BackWarnInfos     []int64
	}
	BestFrame struct{ BestFrame string }
}

// Result fetches what became of a try.
func (c *Client) Result(ctx context.Context, token string) (identity.Result, error) {
	var out detectInfo
	err := c.service.Call(ctx, "GetDetectInfoEnhanced", map[string]string{"BizToken": token, "RuleId": c.rule, "InfoType": "0"}, &out)
	if err != nil {
		return identity.Result{}, refused(err)
	}
	var t text
	if len(out.Text) > 0 {
		if err := json.Unmarshal(out.Text, &t); err != nil {
			return identity.Result{}, fault.Down("vendor_unavailable", 0, err)
		}
	}
	if t.ErrCode == nil || t.LiveStatus == nil {
		return identity.Result{}, nil
	}
	r := identity.Result{
		Done: true, Live: *t.LiveStatus == 0, Compared: t.Comparestatus != nil && *t.Comparestatus == 0, Score: centi(t.Sim),
		Library: deref(t.CompareLibType), Code: strconv.FormatInt(*t.ErrCode, 10), Raw: out.Text,
		// Who stands before the phone is the card that was read, which must agree with what was compared.
		Person:   identity.Person{Name: seal.Secret(deref(t.OcrName)), IDNumber: seal.Secret(deref(t.OcrIdCard))},
		Pictures: map[identity.Picture][]byte{},
	}
	if !strings.EqualFold(deref(t.IdCard), deref(t.OcrIdCard)) || deref(t.Name) != deref(t.OcrName) {
		r.Person = identity.Person{}
	}
	for _, w := range append(out.IdCardData.WarnInfos, out.IdCardData.BackWarnInfos...) {
		r.Warnings = append(r.Warnings, strconv.FormatInt(w, 10))
	}
	for which, encoded := range map[identity.Picture]string{
		identity.CardFront: out.IdCardData.OcrFront, identity.CardBack: out.IdCardData.OcrBack, identity.BestFrame: out.BestFrame.BestFrame,
	} {
		if picture, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(picture) > 0 {
			r.Pictures[which] = picture
		}
	}
	return r, nil
}

// Check asks the carriers. Only "0" is agreement and only "-4" disagreement; all else says nothing about the person.
func (c *Client) Check(ctx context.Context, name, idNumber, phone seal.Secret) (identity.Check, error) {
	var out struct{ Result, Isp string }
	err := c.service.Call(ctx, "PhoneVerification", map[string]string{
		"Name": name.Reveal(), "IdCard": idNumber.Reveal(), "Phone": phone.Reveal(),
	}, &out)
	if err := refused(err); err != nil {
		return identity.Check{}, err
	}
	check := identity.Check{Outcome: identity.Unknown, Code: out.Result, Carrier: out.Isp}
	switch out.Result {
	case "0":
		check.Outcome = identity.Match
	case "-4":
		check.Outcome = identity.Mismatch
	}
	return check, nil
}

// centi reads a similarity of 0 to 100 with decimals into hundredths; anything else is 0.
func centi(s *string) int {
	v, err := strconv.ParseFloat(deref(s), 64)
	if err != nil || !(v >= 0 && v <= 100) { // NaN too
		return 0
	}
	return int(math.Round(v * 100))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// refused turns the cloud's refusal into a fault with its code.
func refused(err error) error {
	var e *tencent.Error
	if errors.As(err, &e) {
		return &fault.Error{Kind: fault.Invalid, Key: "identity_vendor_refused", Args: fault.Args{"code": e.Code}, Cause: err}
	}
	return err
}
