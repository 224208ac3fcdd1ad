package cert

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// dnAttribute is one attribute of a subject.
type dnAttribute struct {
	nameAttribute
	rank int // place in our order, -1 for an attribute we do not write
}

// dnAttributes reads a subject: RDNs of one attribute each.
func dnAttributes(der []byte) ([]dnAttribute, error) {
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 || len(rdns) == 0 {
		return nil, errors.New("subject is no name")
	}
	var out []dnAttribute
	for _, rdn := range rdns {
		var a nameAttribute
		rest, err := asn1.Unmarshal(rdn.Bytes, &a)
		if rdn.Tag != asn1.TagSet || err != nil || len(rest) > 0 {
			return nil, errors.New("subject has an RDN that is not one attribute")
		}
		rank := slices.IndexFunc(nameOIDs, a.Type.Equal)
		out = append(out, dnAttribute{a, rank})
	}
	return out, nil
}

// unlessCopied lowers what is found in a subject that was copied from an old pair: its bytes must not change, whatever
// an earlier CA's habits were.
func (l linted) unlessCopied(err error) error {
	if err == nil || !l.spec.Copied {
		return err
	}
	return notice{err}
}

func lintDNForm(l linted) error {
	_, err := dnAttributes(l.spec.Subject)
	return err
}

// lintDNOrder: C, ST, L, O, OU, CN, each at most once but OU, and no others.
func lintDNOrder(l linted) error {
	attributes, err := dnAttributes(l.spec.Subject)
	if err != nil {
		return nil //nolint:nilerr // dn_form says so
	}
	last := -1
	for _, a := range attributes {
		unit := a.rank == last && a.Type.Equal(nameOIDs[4])
		if a.rank < 0 || a.rank <= last && !unit {
			return l.unlessCopied(fmt.Errorf("attribute %v is out of order", a.Type))
		}
		last = a.rank
	}
	return nil
}

// lintDNStrings: the country is a PrintableString of two capitals, the rest UTF8String. An old name may hold
// PrintableString and IA5String too.
func lintDNStrings(l linted) error {
	attributes, err := dnAttributes(l.spec.Subject)
	if err != nil {
		return nil //nolint:nilerr // dn_form says so
	}
	for _, a := range attributes {
		tag, country := a.Value.Tag, a.rank == 0
		if a.Value.Class != asn1.ClassUniversal || a.Value.IsCompound || tag != asn1.TagUTF8String && tag != asn1.TagPrintableString && tag != asn1.TagIA5String {
			return fmt.Errorf("attribute %v has string type %d", a.Type, tag)
		}
		if country != (tag == asn1.TagPrintableString) || country && !isCountry(string(a.Value.Bytes)) {
			return l.unlessCopied(fmt.Errorf("attribute %v has string type %d", a.Type, tag))
		}
	}
	return nil
}

// lintDNText refuses control and direction characters, which could make a name read as another one.
func lintDNText(l linted) error {
	attributes, err := dnAttributes(l.spec.Subject)
	if err != nil {
		return nil //nolint:nilerr // dn_form says so
	}
	for _, a := range attributes {
		if err := lintText(string(a.Value.Bytes)); err != nil {
			return fmt.Errorf("attribute %v: %w", a.Type, err)
		}
		if len(a.Value.Bytes) == 0 {
			return fmt.Errorf("attribute %v is empty", a.Type)
		}
	}
	return nil
}

// lintDNLengths: the upper bounds of RFC 5280 appendix A.1.
func lintDNLengths(l linted) error {
	attributes, err := dnAttributes(l.spec.Subject)
	if err != nil {
		return nil //nolint:nilerr // dn_form says so
	}
	for _, a := range attributes {
		if n := utf8.RuneCount(a.Value.Bytes); a.rank >= 0 && n > dnOrder[a.rank].max {
			return l.unlessCopied(fmt.Errorf("attribute %v has %d characters", a.Type, n))
		}
	}
	return nil
}
