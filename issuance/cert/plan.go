package cert

import (
	"bytes"
	"crypto/ecdsa"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Plan checks that a request follows from an authorisation and what it comes with, and works out what the new pair
// shall contain. The signer calls it with its own profile and its own CA certificate; the clock, the approvals, the
// old key's proof (VerifyHolder, VerifyCollect) and the key centre's signature (Evidence.Verify) are its business.
// Each way of not following has a Conflict fault of its own; a CSR or key centre's evidence that is wrong in itself
// fails like ParseCSR and Evidence.Check.
func Plan(a Authorisation, r Request, m Material, p Profile, caEnd time.Time) (Spec, error) {
	switch {
	case r.Authorisation != a.Digest().Hex():
		return Spec{}, fault.New(fault.Conflict, "authorisation_mismatch", nil)
	case a.NewHolder() != (m.Old == nil), m.Old != nil && a.Old != m.Old.Digests():
		return Spec{}, fault.New(fault.Conflict, "old_pair_mismatch", nil)
	case a.Profile != p.Ref():
		return Spec{}, fault.New(fault.Conflict, "profile_mismatch", nil)
	case m.Old != nil && !bytes.Equal(a.SubjectDER(), m.Old.Sign.RawSubject):
		return Spec{}, fault.New(fault.Conflict, "subject_mismatch", nil)
	case r.KMC == "" != (m.KMC == nil), m.KMC != nil && m.KMC.Digest().Hex() != r.KMC:
		// A digest that nobody compares must not look as if it had been compared.
		return Spec{}, fault.New(fault.Conflict, "kmc_mismatch", nil)
	}
	s := Spec{Profile: p, Subject: a.SubjectDER(), Copied: m.Old != nil, Identity: a.Identity, SignSerial: Serial(r.SignSerial), EncSerial: Serial(r.EncSerial)}
	if err := s.planKeys(a, r, m); err != nil {
		return Spec{}, err
	}
	if err := s.planDates(a, r, m, caEnd); err != nil {
		return Spec{}, err
	}
	if !slices.Contains(p.Years, a.Term.Years) {
		return Spec{}, fault.New(fault.Conflict, "years_not_in_profile", fault.Args{"years": a.Term.Years})
	}
	if m.Old == nil {
		return s, nil
	}
	var err error
	s.Identity, err = m.Old.identity(p.Identity)
	return s, err
}

func (s *Spec) planKeys(a Authorisation, r Request, m Material) error {
	k, err := m.keys(a, s.Profile, r.ID)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		key  *ecdsa.PublicKey
		want string
	}{{k.sign, r.SignKey}, {k.enc, r.EncKey}} {
		if got, err := encodeKey64(v.key); err != nil || got != v.want {
			return fault.New(fault.Conflict, "keys_mismatch", nil)
		}
	}
	s.SignKey, s.EncKey = k.sign, k.enc
	if m.Old == nil {
		return nil
	}
	for _, c := range []*smx509.Certificate{m.Old.Sign, m.Old.Enc} {
		if n := SerialFromInt(c.SerialNumber); n == s.SignSerial || n == s.EncSerial {
			return fault.New(fault.Conflict, "serial_reused", nil)
		}
	}
	return nil
}

func (s *Spec) planDates(a Authorisation, r Request, m Material, caEnd time.Time) error {
	s.NotBefore, s.NotAfter = r.Validity()
	if m.Old != nil && (a.Term.Rule == RuleExpired) != s.NotBefore.After(m.end()) {
		return fault.New(fault.Conflict, "term_rule_wrong", nil)
	}
	end, err := a.Term.End(s.NotBefore, m.end(), caEnd)
	if err != nil {
		return err
	}
	if !end.Equal(s.NotAfter) {
		return fault.New(fault.Conflict, "dates_mismatch", nil)
	}
	return nil
}

// keyPair are the two public keys that a pair certifies.
type keyPair struct{ sign, enc *ecdsa.PublicKey }

// keys works out the keys of a new pair: the old ones; or the CSR's and, by the profile's rule, the old encryption key
// or the key centre's. A new holder always has the key centre's. id is the request's, which the evidence must name.
func (m Material) keys(a Authorisation, p Profile, id string) (keyPair, error) {
	kmc := a.Keys == CSRKeys && (m.Old == nil || p.EncKey == EncKeyKMC)
	switch {
	case a.Keys == CSRKeys && m.CSR == nil:
		return keyPair{}, fault.New(fault.Conflict, "csr_missing", nil)
	case a.Keys != CSRKeys && m.CSR != nil:
		return keyPair{}, fault.New(fault.Conflict, "csr_surplus", nil)
	case kmc && m.KMC == nil:
		return keyPair{}, fault.New(fault.Conflict, "kmc_required", nil)
	case !kmc && m.KMC != nil:
		return keyPair{}, fault.New(fault.Conflict, "kmc_surplus", nil)
	case m.Old == nil && a.Keys != CSRKeys:
		return keyPair{}, fault.New(fault.Conflict, "csr_missing", nil)
	}
	var k keyPair
	if m.Old != nil {
		var err error
		if k.sign, k.enc, err = m.Old.Keys(); err != nil {
			return keyPair{}, err
		}
	}
	if m.CSR != nil {
		csr, err := ParseCSR(m.CSR)
		if err != nil {
			return keyPair{}, err
		}
		if err := m.Old.refuses(csr.Key); err != nil {
			return keyPair{}, err
		}
		k.sign = csr.Key
	}
	if m.KMC != nil {
		enc, err := m.KMC.Check(id, k.sign)
		if err != nil {
			return keyPair{}, err
		}
		k.enc = enc
	}
	if k.sign.Equal(k.enc) {
		return keyPair{}, fault.New(fault.Conflict, "keys_equal", nil)
	}
	return k, nil
}

// Keys are the pair's public keys. Fails as Internal "old_pair_unusable", never for what ParseOld read.
func (o Old) Keys() (sign, enc *ecdsa.PublicKey, err error) {
	if sign, err = sm2Key(o.Sign.PublicKey); err != nil {
		return nil, nil, fault.Wrap("old_pair_unusable", err)
	}
	enc, err = sm2Key(o.Enc.PublicKey)
	return sign, enc, fault.Wrap("old_pair_unusable", err)
}

// refuses a new sign key that is the pair's encryption key: the key centre knows that one.
func (o *Old) refuses(key *ecdsa.PublicKey) error {
	if o == nil {
		return nil
	}
	if _, enc, err := o.Keys(); err != nil || enc.Equal(key) {
		return fault.New(fault.Conflict, "keys_equal", nil)
	}
	return nil
}
