package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"caconsole/admin/fault"
)

// Scope says among which orders only one renewal may be open at a time. One open order per certificate holds always.
type Scope string

// The scopes of the rule 一次一张.
const (
	ScopeAccount Scope = "account" // of one applicant account
	ScopeHolder  Scope = "holder"  // of one certificate holder, whoever applies
	ScopeOff     Scope = "off"
)

// Keys says where the public keys of a new pair come from.
type Keys string

// The sources of keys.
const (
	KeysKeep Keys = "keep" // the Ukey keeps its keys
	KeysCSR  Keys = "csr"  // the driver brings a CSR
)

// Settings are the ⚙ values of a project at one moment. The json names are the keys of table project_setting;
// every name of a quantity ends in its unit.
type Settings struct {
	LoginCodeMinutes int `json:"login_code_minutes"`

	MediumPrefix       string `json:"medium_prefix"`            // medium numbers (介质编号) of the project begin so
	WindowBeforeDays   int    `json:"window_before_days"`       // renewal opens so many days before not_after
	MaxDaysAfterExpiry *int   `json:"max_days_after_expiry"`    // and ends so many days after it; nil: never
	OneAtATime         Scope  `json:"one_at_a_time"`            //
	Keys               Keys   `json:"keys"`                     //
	TelecomOnReviewed  bool   `json:"telecom_on_reviewed"`      // 运营商三要素 of the agent
	TelecomOnOnline    bool   `json:"telecom_on_online"`        // likewise, where the Ukey authorises the renewal
	LegalPersonID      bool   `json:"legal_person_id_required"` //

	IdentitySessionMinutes int `json:"identity_session_minutes"` // life of the link behind the QR code
	IdentityTriesPerDay    int `json:"identity_tries_per_day"`   // per order and Beijing day
	IdentityThreshold      int `json:"identity_threshold"`       // smallest similarity of face and ID card, 0–100

	OnlineMethods []string `json:"online_methods"` // ways to pay at once that are offered: wechat, alipay
	CodeMinutes   int      `json:"code_minutes"`   // life of the code a payer scans; renewable

	UnpaidHours  int `json:"unpaid_hours"`  // an order nobody pays closes after so long
	TransferDays int `json:"transfer_days"` // one to be paid by transfer (对公转账) so many days after the choice

	UnpaidReminderHours  int `json:"unpaid_reminder_hours"`  // the agent of an unpaid order is reminded after so long
	TransferReminderDays int `json:"transfer_reminder_days"` // and of a transfer that has not come after so long
	CallAfterDays        int `json:"call_after_days"`        // who has not updated by then is on the call list
	DecideAfterDays      int `json:"decide_after_days"`      // and by then a person decides

	ExpiryReminderDays []int `json:"expiry_reminder_days"` // before not_after; each once

	InvoiceTaxRatePercent int    `json:"invoice_tax_rate_percent"`
	InvoiceGoodsCode      string `json:"invoice_goods_code"` // 商品和服务税收分类编码, 19 digits
	InvoiceGoodsName      string `json:"invoice_goods_name"` // as the invoice line shows it

	ReviewHours int `json:"review_hours"` // promised time to a verdict, in working hours
}

// Defaults are the values of a project that has set nothing.
func Defaults() Settings {
	return Settings{
		LoginCodeMinutes: 5,

		MediumPrefix:      "3888",
		WindowBeforeDays:  90,
		OneAtATime:        ScopeAccount,
		Keys:              KeysKeep,
		TelecomOnReviewed: true,
		TelecomOnOnline:   true,

		IdentitySessionMinutes: 30,
		IdentityTriesPerDay:    3,
		IdentityThreshold:      80,

		OnlineMethods: []string{"wechat", "alipay"},
		CodeMinutes:   120,

		UnpaidHours:  72,
		TransferDays: 15,

		UnpaidReminderHours:  48,
		TransferReminderDays: 3,
		CallAfterDays:        7,
		DecideAfterDays:      30,

		ExpiryReminderDays: []int{60, 30, 7},

		InvoiceTaxRatePercent: 6,
		InvoiceGoodsCode:      "3040203000000000000",
		InvoiceGoodsName:      "*信息系统服务*数字证书服务费",

		ReviewHours: 8,
	}
}

// LoginCodeTTL is the life of a login code.
func (s Settings) LoginCodeTTL() time.Duration {
	return time.Duration(s.LoginCodeMinutes) * time.Minute
}

// IdentitySessionTTL is the life of an identity link.
func (s Settings) IdentitySessionTTL() time.Duration {
	return time.Duration(s.IdentitySessionMinutes) * time.Minute
}

// CodeLife is the life of a code to pay by.
func (s Settings) CodeLife() time.Duration { return time.Duration(s.CodeMinutes) * time.Minute }

// UnpaidAfter is how long an order waits for a choice of payment or the payment itself.
func (s Settings) UnpaidAfter() time.Duration { return time.Duration(s.UnpaidHours) * time.Hour }

// TransferWithin is how long an order waits for a transfer to arrive.
func (s Settings) TransferWithin() time.Duration {
	return time.Duration(s.TransferDays) * 24 * time.Hour
}

// TelecomOn says whether the carriers are asked about the agent on a path.
func (s Settings) TelecomOn(online bool) bool {
	if online {
		return s.TelecomOnOnline
	}
	return s.TelecomOnReviewed
}

// with lays stored values over s. A key the code does not know, or a value that does not fit, is an error: a
// misspelt setting must not pass for its default.
func (s Settings) with(values map[string]json.RawMessage) (Settings, error) {
	if len(values) == 0 {
		return s, nil
	}
	all, err := json.Marshal(values)
	if err != nil {
		return Settings{}, fault.Wrap("setting_broken", err)
	}
	dec := json.NewDecoder(bytes.NewReader(all))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		keys := slices.Sorted(maps.Keys(values))
		return Settings{}, fault.Wrap("setting_broken", fmt.Errorf("project: settings %v: %w", keys, err))
	}
	if err := s.check(); err != nil {
		return Settings{}, fault.Wrap("setting_broken", err)
	}
	return s, nil
}

// expiryReminderMost is the earliest reminder before a certificate's end, in days.
const expiryReminderMost = 400

// codeMinutesLeast is the shortest life of a code to pay by.
const codeMinutesLeast = 10

func (s Settings) check() error {
	positive := map[string]int{
		"login_code_minutes": s.LoginCodeMinutes, "identity_session_minutes": s.IdentitySessionMinutes,
		"identity_tries_per_day": s.IdentityTriesPerDay, "unpaid_hours": s.UnpaidHours,
		"transfer_days": s.TransferDays, "review_hours": s.ReviewHours, "unpaid_reminder_hours": s.UnpaidReminderHours,
		"transfer_reminder_days": s.TransferReminderDays, "call_after_days": s.CallAfterDays, "decide_after_days": s.DecideAfterDays,
	}
	for key, v := range positive {
		if v < 1 {
			return fmt.Errorf("project: setting %s must be at least 1, is %d", key, v)
		}
	}
	for _, days := range s.ExpiryReminderDays {
		if days < 1 || days > expiryReminderMost {
			return fmt.Errorf("project: setting expiry_reminder_days holds %d, not 1 to %d", days, expiryReminderMost)
		}
	}
	switch {
	case !slices.Contains([]Scope{ScopeAccount, ScopeHolder, ScopeOff}, s.OneAtATime):
		return fmt.Errorf("project: setting one_at_a_time is %q", s.OneAtATime)
	case !slices.Contains([]Keys{KeysKeep, KeysCSR}, s.Keys):
		return fmt.Errorf("project: setting keys is %q", s.Keys)
	case s.MediumPrefix == "":
		return errors.New("project: setting medium_prefix is empty: every certificate would be of the project")
	case s.WindowBeforeDays < 0, s.IdentityThreshold < 0, s.IdentityThreshold > 100:
		return errors.New("project: setting window_before_days or identity_threshold is out of range")
	case s.CodeMinutes < codeMinutesLeast:
		return fmt.Errorf("project: setting code_minutes must be at least %d: a payer needs time", codeMinutesLeast)
	case slices.ContainsFunc(s.OnlineMethods, func(m string) bool { return m != "wechat" && m != "alipay" }):
		return fmt.Errorf("project: setting online_methods is %q", s.OnlineMethods)
	case s.InvoiceTaxRatePercent < 0, s.InvoiceTaxRatePercent > 100:
		return errors.New("project: setting invoice_tax_rate_percent is out of range")
	}
	return nil
}
