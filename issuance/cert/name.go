package cert

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Name is a subject to be encoded the one way we write names: one attribute per RDN, in this order, the country a
// PrintableString and the rest UTF8String. Empty fields are left out.
type Name struct {
	Country, Province, Locality, Organisation, Unit, CommonName string
}

var nameOIDs = []asn1.ObjectIdentifier{{2, 5, 4, 6}, {2, 5, 4, 8}, {2, 5, 4, 7}, {2, 5, 4, 10}, {2, 5, 4, 11}, {2, 5, 4, 3}}

type nameAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// DER encodes the name. pkix.Name is not used for this: it merges attributes of one type into a multi-valued RDN and
// turns ASCII text into PrintableString.
func (n Name) DER() ([]byte, error) {
	var rdns []asn1.RawValue
	for i, v := range []string{n.Country, n.Province, n.Locality, n.Organisation, n.Unit, n.CommonName} {
		if v == "" {
			continue
		}
		tag := asn1.TagUTF8String
		if i == 0 {
			tag = asn1.TagPrintableString
		}
		ava, err := asn1.Marshal(nameAttribute{nameOIDs[i], asn1.RawValue{Tag: tag, Bytes: []byte(v)}})
		if err != nil {
			return nil, err
		}
		rdns = append(rdns, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: ava})
	}
	return asn1.Marshal(rdns)
}

// lintText refuses text that does not show as what it is.
func lintText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("no UTF-8")
	}
	for _, r := range s {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			return fmt.Errorf("holds the character %U", r)
		}
	}
	return nil
}
