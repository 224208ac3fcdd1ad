package cert

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// encode makes the extension with a text in it.
func (e Extension) encode(text string) (pkix.Extension, error) {
	oid, err := parseOID(e.OID)
	if err != nil {
		return pkix.Extension{}, err
	}
	params := "utf8"
	if e.String == StringPrintable {
		params = "printable" // refuses what a PrintableString cannot hold
	}
	value, err := asn1.MarshalWithParams(text, params)
	if err != nil {
		return pkix.Extension{}, err
	}
	switch e.Tag {
	case TagExplicit:
		value, err = asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: e.Number, IsCompound: true, Bytes: value})
	case TagImplicit:
		value, err = asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: e.Number, Bytes: []byte(text)})
	}
	return pkix.Extension{Id: oid, Value: value}, err
}

func parseOID(s string) (asn1.ObjectIdentifier, error) {
	var out asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("cert: bad OID %q: %w", s, err)
		}
		out = append(out, n)
	}
	return out, nil
}

// IdentityOf returns the text in a certificate's extension: a PrintableString or UTF8String, bare or under a context
// tag of either kind, for CAs differ. "" if there is no such extension, it comes twice, or holds anything else.
func IdentityOf(c *smx509.Certificate, oid string) string {
	text, found := "", false
	for _, e := range c.Extensions {
		if e.Id.String() != oid {
			continue
		}
		if found {
			return ""
		}
		text, found = identityText(e.Value), true
	}
	return text
}

func identityText(value []byte) string {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(value, &v)
	if err != nil || len(rest) > 0 {
		return ""
	}
	if v.Class == asn1.ClassContextSpecific && v.IsCompound {
		if rest, err = asn1.Unmarshal(v.Bytes, &v); err != nil || len(rest) > 0 {
			return ""
		}
	} else if v.Class == asn1.ClassContextSpecific {
		v.Class, v.Tag = asn1.ClassUniversal, asn1.TagUTF8String
	}
	if v.Class != asn1.ClassUniversal || v.IsCompound || v.Tag != asn1.TagPrintableString && v.Tag != asn1.TagUTF8String || !utf8.Valid(v.Bytes) {
		return ""
	}
	return string(v.Bytes)
}

// identity returns the organisation code, which both certificates must agree on, under the first of the profile's OIDs
// that they have, or under the usual one: a profile may move the code to another OID.
func (o Old) identity(list []Extension) (string, error) {
	for _, e := range append(list[:len(list):len(list)], Extension{OID: OrganisationCodeOID}) {
		if code := IdentityOf(o.Sign, e.OID); code != "" && code == IdentityOf(o.Enc, e.OID) {
			return code, nil
		}
	}
	return "", fault.New(fault.Invalid, "identity_extension_missing", nil)
}

// hasIdentity reports whether a certificate holds the code under each of the profile's OIDs, to the byte.
func hasIdentity(c *smx509.Certificate, list []Extension, code string) bool {
	for _, want := range list {
		ext, err := want.encode(code)
		if err != nil {
			return false
		}
		n := 0
		for _, e := range c.Extensions {
			if e.Id.Equal(ext.Id) && bytes.Equal(e.Value, ext.Value) {
				n++
			}
		}
		if n != 1 {
			return false
		}
	}
	return len(list) > 0
}
