// Package manual keeps what an order rests on that an issuer opened by hand (人工): why, by what the person was
// identified, where the consent lies, why nothing is paid, and the CSR. Each change is a new version; what was signed
// binds the digest of one.
package manual

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

// Grounds are why an order is opened by hand, by code; the words stand in the catalogue under "manual.grounds.<code>".
var Grounds = []string{"ukey_broken", "hall_unusable", "holder_abroad", "issued_wrong", "key_changed", "other"}

// Identifications are the ways in which the agent was identified: "manual.identified.<code>".
var Identifications = []string{"in_person", "video", "notary", "letter"}

// Consents are where the holder's consent lies: "manual.consent.<code>".
var Consents = []string{OnPaper, "statement"}

// OnPaper is a consent whose signed paper is uploaded.
const OnPaper = "paper"

// PaidOutside is a fee that was paid without this system; its receipt's number is told.
const PaidOutside = "paid_outside"

// Waivers are why nothing is paid: "manual.waiver.<code>".
var Waivers = []string{"our_mistake", "project_pays", PaidOutside, "other"}

// maxText bounds what is written freely, in characters; minText is the least that says something.
const (
	maxText = 500
	minText = 4
)

// Facts are one version of what an order rests on.
type Facts struct {
	Grounds    string // of Grounds
	Identified string // of Identifications
	Consent    string // of Consents
	Waiver     string // of Waivers
	Texts      Texts
	CSR        []byte // DER; nil where the Ukey's keys are kept
}

// Texts are what was written freely. They may name persons and are sealed.
type Texts struct {
	Grounds    seal.Secret
	Identified seal.Secret
	Consent    seal.Secret
	Waiver     seal.Secret // the receipt's number, or the reason in words
}

// Version is a version that is stored.
type Version struct {
	Facts

	ID        uuid.UUID
	OrderID   uuid.UUID
	Number    int
	WrittenBy uuid.UUID
	Digest    []byte
	CreatedAt time.Time
}

// Return is what the second issuer sent back.
type Return struct {
	Version int
	StaffID uuid.UUID
	Reason  seal.Secret
	At      time.Time
}

// Check folds the texts and names every field that is wrong: "manual_choice_wrong", "manual_text_short",
// "manual_text_long", "manual_receipt_missing".
func (f *Facts) Check() []fault.Field {
	var out []fault.Field
	choice := func(name, got string, of []string) {
		if !slices.Contains(of, got) {
			out = append(out, fault.Field{Name: name, Key: "manual_choice_wrong"})
		}
	}
	choice("grounds", f.Grounds, Grounds)
	choice("identified", f.Identified, Identifications)
	choice("consent", f.Consent, Consents)
	choice("waiver", f.Waiver, Waivers)
	text := func(name string, s *seal.Secret, least int, short string) {
		*s = seal.Secret(strings.TrimSpace(s.Reveal()))
		switch n := utf8.RuneCountInString(s.Reveal()); {
		case n < least:
			out = append(out, fault.Field{Name: name, Key: short})
		case n > maxText:
			out = append(out, fault.Field{Name: name, Key: "manual_text_long"})
		}
	}
	text("grounds_text", &f.Texts.Grounds, minText, "manual_text_short")
	text("identified_text", &f.Texts.Identified, minText, "manual_text_short")
	text("consent_text", &f.Texts.Consent, f.leastConsent(), "manual_text_short")
	short := "manual_text_short"
	if f.Waiver == PaidOutside {
		short = "manual_receipt_missing"
	}
	text("waiver_text", &f.Texts.Waiver, minText, short)
	return out
}

// leastConsent: a statement must be there in words; a paper is uploaded.
func (f *Facts) leastConsent() int {
	if f.Consent == OnPaper {
		return 0
	}
	return minText
}

// canonical are the facts as they are digested (RFC 8785).
type canonical struct {
	Grounds        string `json:"grounds"`
	GroundsText    string `json:"grounds_text"`
	Identified     string `json:"identified"`
	IdentifiedText string `json:"identified_text"`
	Consent        string `json:"consent"`
	ConsentText    string `json:"consent_text"`
	Waiver         string `json:"waiver"`
	WaiverText     string `json:"waiver_text"`
	CSR            string `json:"csr"` // SM3, hex; "" without one
}

// Digest is the SM3 over the canonical facts, 32 bytes.
func (f *Facts) Digest() ([]byte, error) {
	c := canonical{
		Grounds: f.Grounds, GroundsText: f.Texts.Grounds.Reveal(), Identified: f.Identified, IdentifiedText: f.Texts.Identified.Reveal(),
		Consent: f.Consent, ConsentText: f.Texts.Consent.Reveal(), Waiver: f.Waiver, WaiverText: f.Texts.Waiver.Reveal(),
	}
	if len(f.CSR) > 0 {
		c.CSR = hex.EncodeToString(seal.Digest(f.CSR))
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fault.Wrap("content_digest", err)
	}
	if raw, err = jcs.Transform(raw); err != nil {
		return nil, fault.Wrap("content_digest", err)
	}
	return seal.Digest(raw), nil
}
