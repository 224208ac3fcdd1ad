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
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

// Asked says how the hotline's question was understood; its words stand in the catalogue under "asked.<name>".
type Asked string

// The kinds of question.
const (
	AskedOrder  Asked = "order"
	AskedPhone  Asked = "phone"
	AskedOrg    Asked = "org"
	AskedMedium Asked = "medium"
	AskedSerial Asked = "serial"
	AskedHolder Asked = "holder"
)

var (
	phonePattern  = regexp.MustCompile(`^1\d{10}$`)
	orgPattern    = regexp.MustCompile(`^[0-9A-HJ-NP-RT-UW-Y]{18}$`)
	mediumPattern = regexp.MustCompile(`^3888\d{6,16}$`)
	serialPattern = regexp.MustCompile(`^[0-9A-F]{12,40}$`)
)

// Lookup answers the hotline's one search box. The question's kind decides the index it is looked up by; what was
// asked is audited before the answer is returned, personal data as its blind index and free text not at all.
func (f *Flow) Lookup(ctx context.Context, a actor.Actor, text string) (Asked, []board.OrderLine, error) {
	asked, question, err := f.question(text)
	if err != nil {
		return "", nil, err
	}
	found, err := f.Board.Find(ctx, a, question)
	if err != nil {
		return "", nil, err
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "hotline.lookup", Object: "lookup:" + string(asked), Details: map[string]any{"question": trace(question), "found": len(found)},
	})
	return asked, found, err
}

// trace is what the audit log keeps of a question.
func trace(q board.Lookup) string {
	return cmp.Or(q.No, q.Medium, q.OrgNumber, q.Serial, hex.EncodeToString(q.PhoneIndex))
}

func (f *Flow) question(text string) (Asked, board.Lookup, error) {
	folded := strings.ToUpper(strings.Join(strings.Fields(seal.NormCompany(text)), ""))
	phone := seal.NormPhone(text)
	switch {
	case order.ValidNo(folded):
		return AskedOrder, board.Lookup{No: folded}, nil
	case phonePattern.MatchString(phone):
		return AskedPhone, board.Lookup{PhoneIndex: f.Orders.PhoneIndex(phone)}, nil
	case mediumPattern.MatchString(folded):
		return AskedMedium, board.Lookup{Medium: folded}, nil
	case orgPattern.MatchString(folded):
		return AskedOrg, board.Lookup{OrgNumber: folded}, nil
	case serialPattern.MatchString(folded):
		return AskedSerial, board.Lookup{Serial: strings.ToLower(folded)}, nil
	case len([]rune(strings.TrimSpace(text))) >= 2:
		return AskedHolder, board.Lookup{Holder: strings.TrimSpace(text)}, nil
	}
	return "", board.Lookup{}, fault.InvalidField("q", "lookup_short")
}
