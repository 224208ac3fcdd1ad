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

// lintName checks a subject that is copied from an old certificate: one attribute per RDN, text that is valid and
// shows as what it is. Control and direction characters could make a name read as another one.
func lintName(der []byte) error {
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 || len(rdns) == 0 {
		return errors.New("subject is no name")
	}
	for _, rdn := range rdns {
		var ava nameAttribute
		rest, err := asn1.Unmarshal(rdn.Bytes, &ava)
		if rdn.Tag != asn1.TagSet || err != nil || len(rest) > 0 {
			return errors.New("subject has an RDN that is not one attribute")
		}
		if ava.Value.Tag != asn1.TagUTF8String && ava.Value.Tag != asn1.TagPrintableString && ava.Value.Tag != asn1.TagIA5String {
			return fmt.Errorf("subject attribute %v has string type %d", ava.Type, ava.Value.Tag)
		}
		if !utf8.Valid(ava.Value.Bytes) {
			return fmt.Errorf("subject attribute %v is no UTF-8", ava.Type)
		}
		for _, r := range string(ava.Value.Bytes) {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				return fmt.Errorf("subject attribute %v holds the character %U", ava.Type, r)
			}
		}
	}
	return nil
}
