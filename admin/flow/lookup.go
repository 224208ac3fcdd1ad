package flow

import (
	"cmp"
	"context"
	"encoding/hex"
	"regexp"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/number"
	"caconsole/admin/order"
	"caconsole/admin/seal"
	"caconsole/issuance/cert"
)

// Asked says how the hotline's question was understood; its words stand in the catalogue under "asked.<name>".
type Asked string

// The kinds of question.
const (
	AskedOrder  Asked = "order"
	AskedPhone  Asked = "phone"
	AskedPerson Asked = "person"
	AskedOrg    Asked = "org"
	AskedMedium Asked = "medium"
	AskedSerial Asked = "serial"
	AskedHolder Asked = "holder"
)

var (
	phonePattern  = regexp.MustCompile(`^1\d{10}$`)
	personPattern = regexp.MustCompile(`^\d{17}[\dX]$`)
	orgPattern    = regexp.MustCompile(`^[0-9A-HJ-NP-RT-UW-Y]{18}$`)
	mediumPattern = regexp.MustCompile(`^3888\d{6,16}$`) // of the first project: never anything else
	mediumLike    = regexp.MustCompile(`^\d{12,20}$`)    // of any: each project has a prefix of its own
)

// shortestSerial is how many digits a serial has at least, so that an abbreviation is not taken for one.
const shortestSerial = 12

// Lookup answers the hotline's one search box. The question's kind decides the index it is looked up by; what was
// asked is audited before the answer is returned, personal data as its blind index and free text not at all.
func (f *Flow) Lookup(ctx context.Context, a actor.Actor, text string) (Asked, []board.OrderLine, error) {
	asked, readings, err := f.question(text)
	if err != nil {
		return "", nil, err
	}
	var found []board.OrderLine
	for _, question := range readings {
		if found, err = f.Board.Find(ctx, a, question); err != nil {
			return "", nil, err
		}
		if len(found) > 0 {
			if question.Medium != "" {
				asked = AskedMedium // for a serial's digits may be a medium's
			}
			break
		}
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "hotline.lookup", Object: "lookup:" + string(asked), Details: map[string]any{"question": trace(readings[0]), "found": len(found)},
	})
	return asked, found, err
}

// trace is what the audit log keeps of a question.
func trace(q board.Lookup) string {
	return cmp.Or(q.No, q.Medium, q.OrgNumber, q.Serial, hex.EncodeToString(q.PhoneIndex), hex.EncodeToString(q.PersonIndex))
}

// question says what was asked, in every way it can be read, the likeliest first. Eighteen digits are an organisation
// only if their check digit says so: a person's number must not end up in clear anywhere.
func (f *Flow) question(text string) (Asked, []board.Lookup, error) {
	folded := strings.ToUpper(strings.Join(strings.Fields(seal.NormCompany(text)), ""))
	phone := seal.NormPhone(text)
	code, isOrg := number.CreditCode(text)
	one := func(q board.Lookup) []board.Lookup { return []board.Lookup{q} }
	switch {
	case order.ValidNo(folded):
		return AskedOrder, one(board.Lookup{No: folded}), nil
	case phonePattern.MatchString(phone):
		return AskedPhone, one(board.Lookup{PhoneIndex: f.Orders.PhoneIndex(phone), LoginIndex: f.Applicants.PhoneIndex(phone)}), nil
	case mediumPattern.MatchString(folded):
		return AskedMedium, one(board.Lookup{Medium: folded}), nil
	case isOrg:
		return AskedOrg, one(board.Lookup{OrgNumber: code}), nil
	case personPattern.MatchString(folded):
		return AskedPerson, one(board.Lookup{PersonIndex: f.Orders.IDNumberIndex(folded)}), nil
	case orgPattern.MatchString(folded):
		return AskedOrg, one(board.Lookup{OrgNumber: folded}), nil
	}
	if serials := readSerials(text); len(serials) > 0 {
		if mediumLike.MatchString(folded) {
			serials = append(serials, board.Lookup{Medium: folded})
		}
		return AskedSerial, serials, nil
	}
	if name := strings.TrimSpace(text); len([]rune(name)) >= 2 {
		return AskedHolder, one(board.Lookup{Holder: name}), nil
	}
	return "", nil, fault.InvalidField("q", "lookup_short")
}

// NamesPerson tells whether a question is a person's phone or ID number, which may stand in no address.
func NamesPerson(text string) bool {
	folded := strings.ToUpper(strings.Join(strings.Fields(seal.NormCompany(text)), ""))
	_, isOrg := number.CreditCode(text)
	return phonePattern.MatchString(seal.NormPhone(text)) || personPattern.MatchString(folded) && !isOrg && !mediumPattern.MatchString(folded)
}

// readSerials reads a serial number, hex or decimal; digits alone can be meant both ways.
func readSerials(text string) []board.Lookup {
	serials, err := cert.ParseSerial(text)
	if err != nil || len(seal.NormIDNumber(text)) < shortestSerial {
		return nil
	}
	var out []board.Lookup
	for _, s := range serials {
		out = append(out, board.Lookup{Serial: string(s)})
	}
	return out
}
