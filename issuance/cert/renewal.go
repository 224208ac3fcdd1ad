package cert

import (
	"encoding/base64"
	"io"
	"time"

	"caconsole/admin/fault"
)

// Grant is what goes into a new authorisation besides the holder.
type Grant struct {
	ID      string // UUID
	Order   string // order number
	Origin  string // OriginReviewed, OriginOnline or OriginManual
	Content Digest
	Profile ProfileRef
	Years   int
	Keys    string // KeepKeys or CSRKeys
	Now     time.Time
	Expires time.Time
}

// NewAuthorisation makes the authorisation to renew an old pair. Fails with Invalid "authorisation_malformed".
func NewAuthorisation(o Old, g Grant) (Authorisation, error) {
	a := g.authorisation(o.Sign.RawSubject)
	a.Old, a.Term, a.Keys = o.Digests(), NewTerm(g.Years, o.End(), g.Now), g.Keys
	return ParseAuthorisation(a.Canonical())
}

// NewHolderAuthorisation makes the authorisation of a manual order for somebody without an old pair. subject is DER,
// identity the organisation code as it shall stand in the certificates; the keys come with a CSR, whatever g.Keys says.
// Fails with Invalid "authorisation_malformed".
func NewHolderAuthorisation(subject []byte, identity string, g Grant) (Authorisation, error) {
	a := g.authorisation(subject)
	a.Identity, a.Term, a.Keys = identity, Term{Years: g.Years, Rule: RuleNew}, CSRKeys
	return ParseAuthorisation(a.Canonical())
}

func (g Grant) authorisation(subject []byte) Authorisation {
	return Authorisation{
		V: Version, ID: g.ID, Order: g.Order, Origin: g.Origin, Content: g.Content.Hex(), Profile: g.Profile,
		Subject: base64.StdEncoding.EncodeToString(subject), Expires: FormatTime(g.Expires),
	}
}

// Material is what the keys of a new pair come from.
type Material struct {
	Old *Old      // nil: a new holder
	CSR []byte    // DER; nil where the keys are kept
	KMC *Evidence // nil where the encryption key is kept
}

// NewRequest makes the request that renews an old pair on its own keys, valid from now, with new random serials.
// Fails with Conflict "validity_beyond_ca", "csr_missing" where the authorisation is for other keys.
func NewRequest(random io.Reader, id string, a Authorisation, o Old, caEnd, now time.Time) (Request, error) {
	return NewRequestOf(random, id, a, Material{Old: &o}, Profile{}, caEnd, now)
}

// NewRequestOf makes the request that executes an authorisation on the keys that m and the profile's rule lead to,
// valid from now, with new random serials. Fails with Conflict "validity_beyond_ca", and like ParseCSR and
// Evidence.Check; Conflict "csr_missing", "csr_surplus", "kmc_required" or "kmc_surplus" where m is not what is needed.
func NewRequestOf(random io.Reader, id string, a Authorisation, m Material, p Profile, caEnd, now time.Time) (Request, error) {
	from := now.UTC().Truncate(time.Second)
	to, err := a.Term.End(from, m.end(), caEnd)
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
	k, err := m.keys(a, p, id)
	if err != nil {
		return Request{}, err
	}
	if r.SignKey, err = encodeKey64(k.sign); err != nil {
		return Request{}, fault.Wrap("old_pair_unusable", err)
	}
	if r.EncKey, err = encodeKey64(k.enc); err != nil {
		return Request{}, fault.Wrap("old_pair_unusable", err)
	}
	if m.KMC != nil {
		r.KMC = m.KMC.Digest().Hex()
	}
	return ParseRequest(r.Canonical())
}

// end is when the old pair runs out, the zero time without one.
func (m Material) end() time.Time {
	if m.Old == nil {
		return time.Time{}
	}
	return m.Old.End()
}
