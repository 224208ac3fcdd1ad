package cert

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Old is the pair that is being renewed.
type Old struct {
	Sign, Enc *smx509.Certificate
}

// ParseOld reads the DER of an old pair. Fails with Invalid "old_pair_unusable" unless both are SM2 certificates with
// the same subject and different keys.
func ParseOld(p Pair) (Old, error) {
	o, err := parseOld(p)
	if err != nil {
		return Old{}, &fault.Error{Kind: fault.Invalid, Key: "old_pair_unusable", Cause: err}
	}
	return o, nil
}

func parseOld(p Pair) (Old, error) {
	sign, err := smx509.ParseCertificate(p.Sign)
	if err != nil {
		return Old{}, fmt.Errorf("sign certificate: %w", err)
	}
	enc, err := smx509.ParseCertificate(p.Enc)
	if err != nil {
		return Old{}, fmt.Errorf("encryption certificate: %w", err)
	}
	signKey, err := sm2Key(sign.PublicKey)
	if err != nil {
		return Old{}, err
	}
	encKey, err := sm2Key(enc.PublicKey)
	if err != nil {
		return Old{}, err
	}
	if signKey.Equal(encKey) {
		return Old{}, errors.New("one key in both certificates")
	}
	if !bytes.Equal(sign.RawSubject, enc.RawSubject) {
		return Old{}, errors.New("the two certificates name different holders")
	}
	return Old{Sign: sign, Enc: enc}, nil
}

// End is when the pair runs out: with its sign certificate.
func (o Old) End() time.Time { return o.Sign.NotAfter }

// Digests are the SM3 digests of both certificates.
func (o Old) Digests() OldDigests {
	return OldDigests{Sign: SM3(o.Sign.Raw).Hex(), Enc: SM3(o.Enc.Raw).Hex()}
}

// identity returns the organisation code, which both certificates must agree on.
func (o Old) identity(oid string) (string, error) {
	code := IdentityOf(o.Sign, oid)
	if code == "" || code != IdentityOf(o.Enc, oid) {
		return "", fault.New(fault.Invalid, "identity_extension_missing", nil)
	}
	return code, nil
}

// Grant is what goes into a new authorisation besides the old pair.
type Grant struct {
	ID      string // UUID
	Order   string // order number
	Content Digest
	Profile ProfileRef
	Years   int
	Keys    string // KeepKeys or CSRKeys
	Now     time.Time
	Expires time.Time
}

// NewAuthorisation makes the authorisation to renew an old pair. Fails with Invalid "authorisation_malformed".
func NewAuthorisation(o Old, g Grant) (Authorisation, error) {
	return ParseAuthorisation(Authorisation{
		V: Version, ID: g.ID, Order: g.Order, Content: g.Content.Hex(),
		Old: o.Digests(), Profile: g.Profile,
		Subject: base64.StdEncoding.EncodeToString(o.Sign.RawSubject),
		Term:    NewTerm(g.Years, o.End(), g.Now),
		Keys:    g.Keys, Expires: FormatTime(g.Expires),
	}.Canonical())
}

// NewRequest makes the request that executes an authorisation on the old pair's own keys, valid from now, with new
// random serials. Fails with Conflict "validity_beyond_ca" or "key_rule_unsupported".
func NewRequest(random io.Reader, id string, a Authorisation, o Old, caEnd, now time.Time) (Request, error) {
	if a.Keys != KeepKeys {
		return Request{}, fault.New(fault.Conflict, "key_rule_unsupported", nil)
	}
	from := now.UTC().Truncate(time.Second)
	to, err := a.Term.End(from, o.End(), caEnd)
	if err != nil {
		return Request{}, err
	}
	r := Request{V: Version, ID: id, Authorisation: a.Digest().Hex(), NotBefore: FormatTime(from), NotAfter: FormatTime(to)}
	for _, s := range []*string{&r.SignSerial, &r.EncSerial} {
		serial, err := NewSerial(random)
		if err != nil {
			return Request{}, err
		}
		*s = string(serial)
	}
	if r.SignKey, err = encodeKey64(o.Sign.PublicKey); err != nil {
		return Request{}, fault.Wrap("old_pair_unusable", err)
	}
	if r.EncKey, err = encodeKey64(o.Enc.PublicKey); err != nil {
		return Request{}, fault.Wrap("old_pair_unusable", err)
	}
	return ParseRequest(r.Canonical())
}

// Plan checks that a request follows from an authorisation and the old pair, and works out what the new pair shall
// contain. The signer calls it with its own profile and its own CA certificate; the clock, the approvals and the holder's
// proof are its business. Each way of not following has a Conflict fault of its own.
func Plan(a Authorisation, r Request, o Old, p Profile, caEnd time.Time) (Spec, error) {
	switch {
	case r.Authorisation != a.Digest().Hex():
		return Spec{}, fault.New(fault.Conflict, "authorisation_mismatch", nil)
	case a.Old != o.Digests():
		return Spec{}, fault.New(fault.Conflict, "old_pair_mismatch", nil)
	case a.Profile != p.Ref():
		return Spec{}, fault.New(fault.Conflict, "profile_mismatch", nil)
	case !bytes.Equal(a.SubjectDER(), o.Sign.RawSubject):
		return Spec{}, fault.New(fault.Conflict, "subject_mismatch", nil)
	case a.Keys != KeepKeys:
		return Spec{}, fault.New(fault.Conflict, "key_rule_unsupported", nil)
	case r.KMC != "":
		// A digest that nobody compares must not look as if it had been compared.
		return Spec{}, fault.New(fault.Conflict, "request_unsupported", nil)
	}
	return planKeys(a, r, o, p, caEnd)
}

func planKeys(a Authorisation, r Request, o Old, p Profile, caEnd time.Time) (Spec, error) {
	s := Spec{Profile: p, Subject: a.SubjectDER(), SignSerial: Serial(r.SignSerial), EncSerial: Serial(r.EncSerial)}
	for _, k := range []struct {
		old  any
		want string
	}{{o.Sign.PublicKey, r.SignKey}, {o.Enc.PublicKey, r.EncKey}} {
		if got, err := encodeKey64(k.old); err != nil || got != k.want {
			return Spec{}, fault.New(fault.Conflict, "keys_mismatch", nil)
		}
	}
	var err error
	if s.SignKey, err = sm2Key(o.Sign.PublicKey); err != nil {
		return Spec{}, fault.Wrap("old_pair_unusable", err)
	}
	if s.EncKey, err = sm2Key(o.Enc.PublicKey); err != nil {
		return Spec{}, fault.Wrap("old_pair_unusable", err)
	}
	for _, c := range []*smx509.Certificate{o.Sign, o.Enc} {
		if n := SerialFromInt(c.SerialNumber); n == s.SignSerial || n == s.EncSerial {
			return Spec{}, fault.New(fault.Conflict, "serial_reused", nil)
		}
	}
	s.NotBefore, s.NotAfter = r.Validity()
	if a.Term.Rule == RuleExpired != s.NotBefore.After(o.End()) {
		return Spec{}, fault.New(fault.Conflict, "term_rule_wrong", nil)
	}
	end, err := a.Term.End(s.NotBefore, o.End(), caEnd)
	if err != nil {
		return Spec{}, err
	}
	if !end.Equal(s.NotAfter) {
		return Spec{}, fault.New(fault.Conflict, "dates_mismatch", nil)
	}
	s.Identity, err = o.identity(p.IdentityOID)
	return s, err
}
