package intake

import (
	"net/http"
	"time"

	"caconsole/admin/applicant"
)

// postLoginCode sends a login code to a phone. The answer is the same whether an account exists or not.
func postLoginCode(c *call) error {
	var in struct {
		Phone string `json:"phone"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	ttl, err := c.s.flow.RequestLoginCode(c.UserContext(), c.actor, in.Phone)
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, struct {
		ExpiresIn int `json:"expires_in"` // seconds
	}{int(ttl.Seconds())})
}

func postLogin(c *call) error {
	var in struct {
		Phone string `json:"phone"`
		Code  string `json:"code"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	session, err := c.s.flow.LogIn(c.UserContext(), c.actor, in.Phone, in.Code)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
		Phone     string    `json:"phone"` // masked
	}{session.Token, session.ExpiresAt, session.PhoneMask})
}

type agreementAnswer struct {
	Code      string `json:"code"`
	Version   int    `json:"version"`
	Title     string `json:"title"`
	Body      string `json:"body"`
	Sensitive bool   `json:"sensitive"`
}

func getAgreements(c *call) error {
	agreements, err := c.s.flow.Agreements(c.UserContext())
	if err != nil {
		return err
	}
	out := struct {
		Agreements []agreementAnswer `json:"agreements"`
	}{make([]agreementAnswer, 0, len(agreements))}
	for _, a := range agreements {
		out.Agreements = append(out.Agreements, agreementAnswer{a.Code, a.Version, a.Title, a.Body, a.Sensitive})
	}
	return c.answer(http.StatusOK, out)
}

type consentAnswer struct {
	Consents []consentLine `json:"consents"`
}

type consentLine struct {
	Code    string    `json:"code"`
	Version int       `json:"version"`
	GivenAt time.Time `json:"given_at"`
}

func postConsents(c *call) error {
	var in struct {
		Codes []struct {
			Code    string `json:"code"`
			Version int    `json:"version"`
		} `json:"codes"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	agreed := make([]applicant.Agreed, 0, len(in.Codes))
	for _, a := range in.Codes {
		agreed = append(agreed, applicant.Agreed{Code: a.Code, Version: a.Version})
	}
	consents, err := c.s.flow.GiveConsents(c.UserContext(), c.actor, agreed)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, consentsAnswer(consents))
}

func postConsentWithdrawals(c *call) error {
	var in struct {
		Codes []string `json:"codes"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	consents, err := c.s.flow.WithdrawConsents(c.UserContext(), c.actor, in.Codes)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, consentsAnswer(consents))
}

func consentsAnswer(consents []applicant.Consent) consentAnswer {
	out := consentAnswer{Consents: make([]consentLine, 0, len(consents))}
	for _, a := range consents {
		out.Consents = append(out.Consents, consentLine{a.Code, a.Version, a.GivenAt})
	}
	return out
}
