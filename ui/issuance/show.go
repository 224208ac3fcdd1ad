package issuance

import (
	"strings"

	"caconsole/admin/calendar"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/issuance/cert"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Row is one field of the old certificate beside what the new one will say.
type Row struct {
	Word string
	Old  string
	New  string
	Same bool
}

// Rule is a finding of ours or of zlint.
type Rule struct {
	page.Status
	Kind   cert.Kind
	Detail string
}

// Approval is one signature over the authorisation.
type Approval struct {
	Duty string
	Who  string
	At   string
}

// Detail is one order before its issuer.
type Detail struct {
	No         string
	Holder     string
	Medium     string
	Years      int
	Status     page.Status
	Rows       []Row
	Profile    string // its name
	Hash       string // and the start of its digest
	Rules      []Rule // errors and notices, ours first
	Passed     int    // rules that found nothing, of both certificates
	ZLint      int    // lints of zlint that applied; 0 where it was not asked
	Approvals  []Approval
	Expires    string
	Refused    string // why there is nothing to sign
	Failure    string // of the last try
	Barred     bool
	MayConfirm bool
	ByHand     bool   // has a page of its own
	NewSerial  string // of the new sign certificate; "" while there is none
}

func (d Deps) show(c *page.Ctx) error {
	p, err := d.detail(c)
	if err != nil {
		return err
	}
	if p.ByHand {
		return c.Redirect("/issuance/manual/"+p.No, "")
	}
	return c.Render("issuance/show", p)
}

func (d Deps) detail(c *page.Ctx) (Detail, error) {
	v, err := d.Flow.ViewIssue(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return Detail{}, err
	}
	p := Detail{
		No: v.Order.No, Holder: v.Order.Holder, Medium: v.Order.MediumNo, Years: v.Order.Years,
		Status: page.Status{Tone: page.Progress, Word: c.T("stage."+string(v.Order.Stage), nil)}, Barred: v.Barred,
		ByHand: v.Order.Kind == order.Manual, NewSerial: string(v.Made.Sign.Serial),
	}
	if v.Reason != "" {
		p.Failure = c.T(v.Reason, nil)
	}
	if v.Refused != nil {
		f := fault.Of(v.Refused)
		p.Refused = c.T(f.Key, f.Args)
		return p, nil
	}
	p.Profile, p.Hash = v.Rehearsal.Profile.ID, v.Rehearsal.Profile.Hash().Hex()
	p.Rows = compare(c, v)
	p.Rules, p.Passed = rules(c, v)
	p.ZLint = v.Second.Run
	p.Approvals = approvals(c, v)
	p.Expires = v.Rehearsal.Authorisation.ExpiresAt.In(calendar.Beijing).Format("2006-01-02 15:04")
	p.MayConfirm = v.Order.Stage == order.StageToIssue && !v.Barred && v.Rehearsal.Passes() && c.Actor().Can(rbac.IssuanceConfirm)
	return p, nil
}

// compare puts the old certificate beside the new one, field by field.
func compare(c *page.Ctx, v flow.IssueView) []Row {
	s, old := v.Rehearsal.Spec, v.OldFacts
	const layout = "2006-01-02 15:04:05"
	source := v.Rehearsal.Authorisation.Object.Keys
	if source == cert.CSRKeys && v.Rehearsal.Profile.EncKey == cert.EncKeyKMC {
		source = "csr_kmc"
	}
	keys := c.T("issuance.keys."+source, nil)
	rows := []Row{
		{Word: "subject", Old: old.Subject, New: v.Rehearsal.Subject()},
		{Word: "identity", Old: strings.Join(old.Identity, " "), New: s.Identity},
		{Word: "until", Old: old.NotAfter.In(calendar.Beijing).Format(layout), New: s.NotAfter.In(calendar.Beijing).Format(layout)},
		{Word: "from", Old: old.NotBefore.In(calendar.Beijing).Format(layout), New: c.T("issuance.at_signing", nil)},
		{Word: "key", Old: c.T("issuance.key.on_ukey", nil), New: keys},
		{Word: "policy", Old: strings.Join(old.Policies, " "), New: s.Profile.PolicyOID},
		{Word: "crl", Old: strings.Join(old.CRL, " "), New: strings.Join(s.Profile.CRL, " ")},
	}
	for i := range rows {
		rows[i].Same = rows[i].Old == rows[i].New || rows[i].Word == "key" && source == cert.KeepKeys
	}
	return rows
}

// rules lists what was found, and counts what passed.
func rules(c *page.Ctx, v flow.IssueView) (found []Rule, passed int) {
	tones := map[string]string{cert.LevelError: page.Bad, cert.LevelNotice: page.Warn}
	for _, f := range v.Rehearsal.Found {
		if f.Level == cert.LevelOK {
			passed++
			continue
		}
		found = append(found, Rule{page.Status{Tone: tones[f.Level], Word: c.T("lint_"+f.Rule, nil)}, f.Kind, f.Detail})
	}
	for _, f := range v.Second.Found {
		found = append(found, Rule{page.Status{Tone: tones[f.Level], Word: "zlint " + f.Rule}, f.Kind, f.Detail})
	}
	return found, passed
}

func approvals(c *page.Ctx, v flow.IssueView) []Approval {
	out := make([]Approval, 0, len(v.Approvals))
	for _, a := range v.Approvals {
		who := v.People[a.StaffID]
		out = append(out, Approval{
			Duty: c.T("issuance.duty."+a.Duty, nil), Who: who.Name + " " + who.No, At: a.At.In(calendar.Beijing).Format("2006-01-02 15:04:05"),
		})
	}
	return out
}
