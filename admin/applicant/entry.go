package applicant

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"caconsole/admin/fault"
	"caconsole/admin/number"
	"caconsole/admin/seal"
)

// The kinds of 机构证件号码.
const (
	CreditCode       = "credit_code"       // 统一社会信用代码
	OrganisationCode = "organisation_code" // 组织机构代码
	OtherNumber      = "other"             // kinds without a check digit
)

// FlagOrganisationCode marks a 9-character 组织机构代码 taken for the credit code that contains it.
const FlagOrganisationCode = "org_code"

const (
	maxNameRunes    = 50  // of a person
	maxCompanyRunes = 100 //
	maxEmailBytes   = 100 //
)

// Person is a person as typed and, after ReadAgent or ReadLegal, as kept.
type Person struct {
	Name, IDNumber, Phone, Email seal.Secret
}

// Organisation is a unit as typed, or as the old certificate names its holder.
type Organisation struct {
	Name, IDKind, IDNumber string
}

// ReadAgent folds and checks the 经办人; the fields that are wrong carry names below "agent".
func ReadAgent(in Person) (Person, []fault.Field) {
	var w wrong
	out := Person{
		Name:     w.name("agent.name", in.Name),
		IDNumber: w.idNumber("agent.id_number", in.IDNumber),
		Phone:    w.phone("agent.phone", in.Phone),
		Email:    w.email("agent.email", in.Email),
	}
	return out, w
}

// ReadLegal folds and checks the 法人, whose ID number some projects ask for.
func ReadLegal(in Person, idRequired bool) (Person, []fault.Field) {
	var w wrong
	out := Person{Name: w.name("legal_person.name", in.Name)}
	if idRequired || strings.TrimSpace(in.IDNumber.Reveal()) != "" {
		out.IDNumber = w.idNumber("legal_person.id_number", in.IDNumber)
	}
	return out, w
}

// ReadOrganisation checks that the organisation typed is the holder of the old certificate, width, spaces and brackets
// aside, and returns it as that certificate writes it. flag is FlagOrganisationCode where one side has the old
// 9-character code of the other's credit code.
func ReadOrganisation(in, holder Organisation) (out Organisation, flag string, fields []fault.Field) {
	var w wrong
	name := strings.TrimSpace(in.Name)
	switch {
	case name == "":
		w.add("organisation.name", "required")
	case utf8.RuneCountInString(name) > maxCompanyRunes:
		w.add("organisation.name", "too_long")
	case seal.NormCompany(name) != seal.NormCompany(holder.Name):
		w.add("organisation.name", "holder_mismatch")
	}
	number := w.organisationNumber(in)
	if number != "" {
		var same bool
		if same, flag = sameOrganisation(number, seal.NormIDNumber(holder.IDNumber)); !same {
			w.add("organisation.id_number", "holder_mismatch")
		}
	}
	return Organisation{Name: holder.Name, IDKind: in.IDKind, IDNumber: number}, flag, w
}

// sameOrganisation compares two folded numbers.
func sameOrganisation(a, b string) (same bool, flag string) {
	switch {
	case a == "" || b == "":
		return false, ""
	case a == b:
		return true, ""
	case len(a) == number.OrganisationCodeLen && number.OrganisationPart(b) == a,
		len(b) == number.OrganisationCodeLen && number.OrganisationPart(a) == b:
		return true, FlagOrganisationCode
	}
	return false, ""
}

// wrong collects the fields that are wrong, at most one fault each.
type wrong []fault.Field

func (w *wrong) add(field, key string) { *w = append(*w, fault.Field{Name: field, Key: key}) }

// required returns the text without outer space; "" and a fault where nothing or too much is left.
func (w *wrong) required(field string, s seal.Secret, maxRunes int) string {
	t := strings.TrimSpace(s.Reveal())
	switch {
	case t == "":
		w.add(field, "required")
		return ""
	case utf8.RuneCountInString(t) > maxRunes:
		w.add(field, "too_long")
		return ""
	}
	return t
}

func (w *wrong) name(field string, s seal.Secret) seal.Secret {
	t := w.required(field, s, maxNameRunes)
	if strings.ContainsFunc(t, func(r rune) bool { return r < ' ' || r >= '0' && r <= '9' || r == '<' || r == '>' }) {
		w.add(field, "name_wrong")
		return ""
	}
	return seal.Secret(t)
}

func (w *wrong) idNumber(field string, s seal.Secret) seal.Secret {
	t := w.required(field, s, maxNameRunes)
	if t == "" {
		return ""
	}
	n, ok := number.IDNumber(t)
	if !ok {
		w.add(field, "id_number_wrong")
	}
	return seal.Secret(n)
}

func (w *wrong) phone(field string, s seal.Secret) seal.Secret {
	t := w.required(field, s, maxNameRunes)
	if t == "" {
		return ""
	}
	n, ok := number.Mobile(t)
	if !ok {
		w.add(field, "phone_wrong")
	}
	return seal.Secret(n)
}

func (w *wrong) email(field string, s seal.Secret) seal.Secret {
	t := w.required(field, s, maxEmailBytes)
	if t == "" {
		return ""
	}
	a, err := mail.ParseAddress(t)
	_, domain, _ := strings.Cut(t, "@")
	if err != nil || a.Address != t || !strings.Contains(domain, ".") || strings.ContainsFunc(t, func(r rune) bool { return r > '~' }) {
		w.add(field, "email_wrong")
		return ""
	}
	return seal.Secret(t)
}

func (w *wrong) organisationNumber(in Organisation) string {
	t := w.required("organisation.id_number", seal.Secret(in.IDNumber), maxNameRunes)
	if t == "" {
		return ""
	}
	switch in.IDKind {
	case CreditCode:
		if n, ok := number.CreditCode(t); ok {
			return n
		}
		if n, ok := number.OrganisationCode(t); ok { // typed from an old paper; the holder's number decides
			return n
		}
		w.add("organisation.id_number", "credit_code_wrong")
	case OrganisationCode:
		if n, ok := number.OrganisationCode(t); ok {
			return n
		}
		w.add("organisation.id_number", "organisation_code_wrong")
	case OtherNumber:
		return seal.NormIDNumber(t)
	default:
		w.add("organisation.id_kind", "id_kind_unknown")
	}
	return ""
}
