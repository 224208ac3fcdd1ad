package cert

import (
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Version is the version of both canonical objects.
const Version = 1

// Key rules: which keys the new pair certifies.
const (
	KeepKeys = "keep" // the keys of the old pair: the Ukey's content stays readable
	CSRKeys  = "csr"  // the keys of a CSR that the driver brings
)

// Origins: who must have said yes to an authorisation. It is part of what is signed, so that a signature given for one
// way is none for another.
const (
	OriginReviewed = "reviewed" // 审核: a reviewer and an issuer
	OriginOnline   = "online"   // 在线: the holder of the still valid pair, by the Ukey
	OriginManual   = "manual"   // 人工: two issuers
)

// Authorisation is what staff or the holder sign: only what is known when the verdict falls. Everything in the
// certificates follows from it and from the old pair; package signer checks that it does.
type Authorisation struct {
	V        int        `json:"v"`
	ID       string     `json:"id"`      // UUID
	Order    string     `json:"order"`   // order number
	Origin   string     `json:"origin"`  // OriginReviewed, OriginOnline or OriginManual
	Content  string     `json:"content"` // SM3 (hex) of the content that was approved; of a manual order its grounds too
	Old      OldDigests `json:"old"`
	Profile  ProfileRef `json:"profile"`
	Subject  string     `json:"subject"`  // DER, base64
	Identity string     `json:"identity"` // organisation code of a new holder; "" where it is the old pair's
	Term     Term       `json:"term"`
	Keys     string     `json:"keys"`    // KeepKeys or CSRKeys
	Expires  string     `json:"expires"` // RFC 3339, UTC, whole seconds
}

// NewHolder reports whether there is no old pair: a manual order for somebody who had none.
func (a Authorisation) NewHolder() bool { return a.Old == OldDigests{} }

// OldDigests are the SM3 digests (hex) of the old certificates' DER; both empty for a new holder.
type OldDigests struct {
	Sign string `json:"sign"`
	Enc  string `json:"enc"`
}

// ProfileRef names a profile and pins its content.
type ProfileRef struct {
	ID   string `json:"id"`
	Hash string `json:"hash"` // SM3 (hex) of the canonical profile
}

// Canonical returns the bytes that are hashed and signed.
func (a Authorisation) Canonical() []byte { return canonical(a) }

// Digest is the SM3 of Canonical.
func (a Authorisation) Digest() Digest { return SM3(a.Canonical()) }

// ExpiresAt returns the end of the authorisation's life; the zero time if it is malformed.
func (a Authorisation) ExpiresAt() time.Time { return parseTime(a.Expires) }

// SubjectDER returns the subject; nil if it is malformed.
func (a Authorisation) SubjectDER() []byte { return parseBase64(a.Subject) }

// ParseAuthorisation accepts canonical bytes only. Fails with Invalid "authorisation_malformed".
func ParseAuthorisation(raw []byte) (Authorisation, error) {
	return parseCanonical(raw, Authorisation.check, "authorisation_malformed")
}

func (a Authorisation) check() error {
	if a.V != Version {
		return fmt.Errorf("version %d", a.V)
	}
	if !IsID(a.ID) {
		return errors.New("id is no UUID")
	}
	if !isName(a.Order) || !isName(a.Profile.ID) {
		return errors.New("order and profile need a plain name")
	}
	digests := []string{a.Content, a.Profile.Hash}
	if !a.NewHolder() {
		digests = append(digests, a.Old.Sign, a.Old.Enc)
	}
	for _, d := range digests {
		if _, err := ParseDigest(d); err != nil {
			return err
		}
	}
	if err := a.checkOrigin(); err != nil {
		return err
	}
	var rdn asn1.RawValue
	if rest, err := asn1.Unmarshal(a.SubjectDER(), &rdn); err != nil || len(rest) > 0 || rdn.Tag != asn1.TagSequence || len(rdn.Bytes) == 0 {
		return errors.New("subject is no DER name")
	}
	if err := a.Term.check(); err != nil {
		return err
	}
	if a.Keys != KeepKeys && a.Keys != CSRKeys {
		return fmt.Errorf("key rule %q", a.Keys)
	}
	if a.ExpiresAt().IsZero() {
		return errors.New("expires is no UTC time")
	}
	return nil
}

// checkOrigin: only a manual order may be for a new holder, who brings a CSR and whose code and name nobody can look up
// in an old pair.
func (a Authorisation) checkOrigin() error {
	if a.Origin != OriginReviewed && a.Origin != OriginOnline && a.Origin != OriginManual {
		return fmt.Errorf("origin %q", a.Origin)
	}
	if a.NewHolder() != (a.Term.Rule == RuleNew) {
		return errors.New("the term rule does not fit the old pair")
	}
	switch {
	case !a.NewHolder() && a.Identity != "":
		return errors.New("the organisation code is the old pair's and cannot be given")
	case a.NewHolder() && (a.Origin != OriginManual || a.Keys != CSRKeys || a.Identity == ""):
		return errors.New("a new holder needs a manual order, a CSR and an organisation code")
	}
	return nil
}

// FormatTime writes a time as canonical objects and signed messages do: RFC 3339, UTC, whole seconds.
func FormatTime(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// parseTime accepts only what FormatTime writes and answers the zero time for the rest.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || FormatTime(t) != s {
		return time.Time{}
	}
	return t.UTC()
}

// parseBase64 accepts only the standard padded form, so that the same bytes are never written in two ways.
func parseBase64(s string) []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// IsID reports whether s is a UUID in the lower-case form with hyphens, as all ids of canonical objects are.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// isName accepts 1 to 64 letters, digits and . _ - of ASCII.
func isName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
