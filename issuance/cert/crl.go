package cert

import (
	"errors"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// RevocationList is a CRL as it was read (RFC 5280 section 5).
type RevocationList struct {
	Number     uint64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    []RevocationEntry
}

// RevocationEntry is one certificate of a RevocationList.
type RevocationEntry struct {
	Serial Serial
	At     time.Time // when it was revoked
	Reason int       // CRLReason, 0 where none is given
}

// ParseRevocationList reads a CRL in DER and checks that ca signed it and that it has a number, as every list of ours.
// Whether it is out of date is the caller's to ask. Fails with Invalid "crl_malformed".
func ParseRevocationList(der []byte, ca *smx509.Certificate) (RevocationList, error) {
	list, err := smx509.ParseRevocationList(der)
	if err == nil {
		err = list.CheckSignatureFrom(ca)
	}
	if err == nil && (list.Number == nil || !list.Number.IsUint64()) {
		err = errors.New("no number")
	}
	if err != nil {
		return RevocationList{}, &fault.Error{Kind: fault.Invalid, Key: "crl_malformed", Cause: err}
	}
	out := RevocationList{
		Number: list.Number.Uint64(), ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(),
		Entries: make([]RevocationEntry, len(list.RevokedCertificateEntries)),
	}
	for i, e := range list.RevokedCertificateEntries {
		out.Entries[i] = RevocationEntry{Serial: SerialFromInt(e.SerialNumber), At: e.RevocationTime.UTC(), Reason: e.ReasonCode}
	}
	return out, nil
}

// Lost lists the serials that stand on an earlier list and not on this one: a list may lose none before its
// certificate has run out.
func (l RevocationList) Lost(earlier RevocationList) []Serial {
	have := make(map[Serial]bool, len(l.Entries))
	for _, e := range l.Entries {
		have[e.Serial] = true
	}
	var out []Serial
	for _, e := range earlier.Entries {
		if !have[e.Serial] {
			out = append(out, e.Serial)
		}
	}
	return out
}
