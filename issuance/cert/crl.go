package cert

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Reasons of a revocation by code (CRLReason, RFC 5280 5.3.1). removeFromCRL (8) is for delta CRLs, which we have none of,
// and cACompromise (2) and aACompromise (10) are for certificates that we do not issue.
var revocationReasons = map[int]string{
	0: "unspecified", 1: "keyCompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation", 6: "certificateHold",
	9: "privilegeWithdrawn",
}

// IsReason reports whether a certificate may be revoked for a reason by this code.
func IsReason(code int) bool { return revocationReasons[code] != "" }

// CRL is a certificate revocation list before it is signed, or as it was read.
type CRL struct {
	Number     uint64 // from 1, never again
	ThisUpdate time.Time
	NextUpdate time.Time
	Revoked    []Revoked // in the order of their serials, each once
}

// Revoked is one entry of a CRL.
type Revoked struct {
	Serial Serial
	At     time.Time // whole seconds
	Reason int       // see IsReason
}

// Sign makes the CRL (version 2, DER) with authority key identifier and number. Entries may come in any order. Fails
// with Invalid "crl_malformed" where it must not be signed, as Internal "signing_failed".
func (c CRL) Sign(random io.Reader, issuer Issuer) ([]byte, error) {
	c.Revoked = slices.Clone(c.Revoked)
	slices.SortFunc(c.Revoked, func(a, b Revoked) int { return strings.Compare(string(a.Serial), string(b.Serial)) })
	entries, err := c.entries()
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "crl_malformed", Cause: err}
	}
	tpl := &smx509.RevocationList{
		SignatureAlgorithm: smx509.SM2WithSM3, Number: new(big.Int).SetUint64(c.Number), ThisUpdate: c.ThisUpdate.UTC(), NextUpdate: c.NextUpdate.UTC(),
		RevokedCertificateEntries: entries,
	}
	der, err := smx509.CreateRevocationList(random, tpl, issuer.Cert, issuer.Key)
	if err != nil {
		return nil, fault.Wrap("signing_failed", err)
	}
	// smx509 checks no signature of a list it makes.
	made, err := smx509.ParseRevocationList(der)
	if err == nil {
		err = made.CheckSignatureFrom(issuer.Cert)
	}
	if err == nil && len(made.RevokedCertificateEntries) != len(c.Revoked) {
		err = errors.New("entries are missing")
	}
	if err != nil {
		return nil, fault.Wrap("signing_failed", err)
	}
	return der, nil
}

// entries checks the list and puts it into the library's form.
func (c CRL) entries() ([]smx509.RevocationListEntry, error) {
	if c.Number == 0 || !c.ThisUpdate.Before(c.NextUpdate) {
		return nil, errors.New("number or times are wrong")
	}
	out := make([]smx509.RevocationListEntry, len(c.Revoked))
	for i, r := range c.Revoked {
		n := r.Serial.Int()
		if n.Sign() <= 0 || SerialFromInt(n) != r.Serial || n.BitLen() > serialOctets*8 {
			return nil, fmt.Errorf("serial %q", string(r.Serial))
		}
		if i > 0 && c.Revoked[i-1].Serial == r.Serial {
			return nil, fmt.Errorf("serial %q comes twice", string(r.Serial))
		}
		if !IsReason(r.Reason) || r.At.After(c.ThisUpdate) || r.At.Nanosecond() != 0 {
			return nil, fmt.Errorf("serial %q has a wrong reason or time", string(r.Serial))
		}
		out[i] = smx509.RevocationListEntry{SerialNumber: n, RevocationTime: r.At.UTC(), ReasonCode: r.Reason}
	}
	return out, nil
}

// ParseCRL reads a CRL and checks that ca signed it. Fails with Invalid "crl_malformed".
func ParseCRL(der []byte, ca *smx509.Certificate) (CRL, error) {
	list, err := smx509.ParseRevocationList(der)
	if err == nil {
		err = list.CheckSignatureFrom(ca)
	}
	if err == nil && (list.Number == nil || !list.Number.IsUint64()) {
		err = errors.New("no number")
	}
	if err != nil {
		return CRL{}, &fault.Error{Kind: fault.Invalid, Key: "crl_malformed", Cause: err}
	}
	out := CRL{
		Number: list.Number.Uint64(), ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(),
		Revoked: make([]Revoked, len(list.RevokedCertificateEntries)),
	}
	for i, e := range list.RevokedCertificateEntries {
		out.Revoked[i] = Revoked{Serial: SerialFromInt(e.SerialNumber), At: e.RevocationTime.UTC(), Reason: e.ReasonCode}
	}
	return out, nil
}

// Lost lists the serials that stand in an earlier list and not in this one: a list may lose none before its
// certificate has run out.
func (c CRL) Lost(earlier CRL) []Serial {
	have := make(map[Serial]bool, len(c.Revoked))
	for _, r := range c.Revoked {
		have[r.Serial] = true
	}
	var out []Serial
	for _, r := range earlier.Revoked {
		if !have[r.Serial] {
			out = append(out, r.Serial)
		}
	}
	return out
}
