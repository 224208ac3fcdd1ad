package cert

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"caconsole/admin/fault"
)

// DNPart is one attribute of a profile's name template: a text that never changes, or a field of the new holder.
type DNPart struct {
	Attribute string `json:"attribute"` // C, ST, L, O, OU or CN
	Text      string `json:"text"`      // "" where From is given
	From      string `json:"from"`      // one of the From constants, "" where Text is given
	Optional  bool   `json:"optional"`  // left out where the holder's field is empty; else that is a fault
}

// Fields of a new holder that a template may name.
const (
	FromProvince     = "province"
	FromLocality     = "locality"
	FromOrganisation = "organisation"
	FromUnit         = "unit"
	FromCommonName   = "common_name"
)

// NewSubject are the fields of a new holder's name, as the order has them.
type NewSubject struct {
	Province, Locality, Organisation, Unit, CommonName string
}

func (n NewSubject) field(from string) string {
	switch from {
	case FromProvince:
		return n.Province
	case FromLocality:
		return n.Locality
	case FromOrganisation:
		return n.Organisation
	case FromUnit:
		return n.Unit
	case FromCommonName:
		return n.CommonName
	}
	return ""
}

// dnOrder is the order in which attributes stand in our names, and the most characters of each (RFC 5280 appendix A).
var dnOrder = []struct {
	attribute string
	max       int
}{{"C", 2}, {"ST", 128}, {"L", 128}, {"O", 64}, {"OU", 64}, {"CN", 64}}

func dnIndex(attribute string) int {
	for i, o := range dnOrder {
		if o.attribute == attribute {
			return i
		}
	}
	return -1
}

// dn checks the template: attributes in order, each once, with one source each; country and name must be there.
func (c *profileCheck) dn(parts []DNPart) {
	last, seen := -1, map[string]bool{}
	for i, p := range parts {
		at := fmt.Sprintf("dn.%d", i)
		n := dnIndex(p.Attribute)
		c.need(n >= 0, at+".attribute", "profile_dn_wrong")
		c.need(n > last, at+".attribute", "profile_dn_order")
		last = max(last, n)
		seen[p.Attribute] = !p.Optional
		known := slices.Contains([]string{FromProvince, FromLocality, FromOrganisation, FromUnit, FromCommonName}, p.From)
		c.need((p.Text == "") != (p.From == "") && (p.From == "" || known), at, "profile_dn_wrong")
		c.need(p.Text == "" || n < 0 || lintText(p.Text) == nil && utf8.RuneCountInString(p.Text) <= dnOrder[n].max, at+".text", "profile_dn_wrong")
		c.need(p.Attribute != "C" || isCountry(p.Text), at+".text", "profile_dn_wrong")
	}
	for _, a := range []string{"C", "O", "CN"} {
		c.need(seen[a], "dn", "profile_missing")
	}
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// SubjectOf makes the name of a new holder by the template, as DER. Fails with Invalid "invalid_field": the field's
// name with "subject_missing", "subject_long" or "subject_character".
func (p Profile) SubjectOf(holder NewSubject) ([]byte, error) {
	var n Name
	slots := map[string]*string{"C": &n.Country, "ST": &n.Province, "L": &n.Locality, "O": &n.Organisation, "OU": &n.Unit, "CN": &n.CommonName}
	var wrong []fault.Field
	for _, part := range p.DN {
		i := dnIndex(part.Attribute)
		if i < 0 {
			return nil, p.Check()
		}
		text := part.Text
		if part.From != "" {
			text = holder.field(part.From)
		}
		if key := textFault(text, dnOrder[i].max); key != "" && (text != "" || !part.Optional) {
			wrong = append(wrong, fault.Field{Name: part.From, Key: key})
		}
		*slots[part.Attribute] = text
	}
	if len(wrong) > 0 {
		return nil, fault.InvalidFields(wrong...)
	}
	der, err := n.DER()
	return der, fault.Wrap("subject_failed", err)
}

func textFault(s string, most int) string {
	switch {
	case s == "":
		return "subject_missing"
	case utf8.RuneCountInString(s) > most:
		return "subject_long"
	case lintText(s) != nil:
		return "subject_character"
	}
	return ""
}
