package orders

import (
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/review"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/queue"
)

// CasePage is the case screen.
type CasePage struct {
	No       string
	Holder   string
	Kind     order.Kind
	Path     order.Path
	Years    int
	Status   page.Status
	Strip    []page.GateMark
	Round    int // the submission that is looked at, from 1
	Due      string
	Overdue  bool
	Claim    Claim
	Papers   []Paper
	Shown    *Paper // nil where there is nothing to show, or the reader may not see papers
	MaySee   bool
	Compare  []Row
	Differs  int
	Identity *Identity
	Telecom  page.Status
	Owed     owed
	Checks   []Check
	Ticked   int
	Missing  []review.Check
	Verdict  *Verdict // nil where the reader may not decide now
	Blocked  string   // why 通过 is not possible, in words; "" where it is
	Steps    []page.Step
	History  []Past
}

// Claim says who holds the order.
type Claim struct {
	Mine     bool
	Other    string // name and number of the colleague who holds it
	Left     string
	MayClaim bool
}

// Paper is one paper with its tab.
type Paper struct {
	ID      uuid.UUID
	Key     int // the digit that opens it
	Kind    document.Kind
	Version int
	State   page.Status
	Pages   int
	Page    int
	SM3     string
	URL     string // of its tab
	Small   string // image
	Large   string
	Prev    string
	Next    string
	Current bool
	Ready   bool
}

// Row is one line of the comparison.
type Row struct {
	Label      string
	Filled     string
	Masked     *page.Masked
	Registered string
	Status     page.Status
	Differs    bool
}

// Identity is the panel of the agent's identity.
type Identity struct {
	Status    page.Status
	Score     string
	Threshold string
	Meter     int // 0–100
	Live      page.Status
	Library   string
	Number    int
	At        string
	Reason    string
	Pictures  []string // addresses, portraits first; empty where the reader may not see them
}

// Check is one line of the checklist.
type Check struct {
	Name   review.Check
	Ticked bool
}

// Verdict is what the verdict form carries.
type Verdict struct {
	ContentVersion int
	Digest         string
	CustomerText   string
	Note           string
	Reasons        []PaperReasons
}

// PaperReasons are the reasons for which one paper can be sent back.
type PaperReasons struct {
	Kind    string
	Reasons []Reason
}

// Reason is one choice of 退回补件.
type Reason struct {
	Value string // "kind:reason"
	Name  string
	Set   bool
}

// Past is an earlier verdict.
type Past struct {
	Decision review.Decision
	At       string
	Text     string
}

func (d Deps) show(c *page.Ctx) error {
	p, err := d.casePage(c)
	if err != nil {
		return err
	}
	return c.Render("orders/case", p)
}

func (d Deps) casePage(c *page.Ctx) (CasePage, error) {
	v, err := d.Flow.Case(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return CasePage{}, err
	}
	o := v.Order
	p := CasePage{
		No: o.No, Holder: o.Holder, Kind: o.Kind, Path: o.Gates.Path, Years: o.Years, Status: queue.Status(c, v.Line),
		Strip: page.OrderGates(o.Gates).Strip(), Round: len(v.Verdicts) + 1, MaySee: c.Actor().Can(rbac.DocumentView),
		Compare: compare(c, v), Telecom: telecom(c, v), Owed: payment(c, o), Claim: claim(c, v),
	}
	if !o.ReviewDueAt.IsZero() && (o.Stage == order.StageReview || o.Stage == order.StageSecondReview) {
		left := o.ReviewDueAt.Sub(c.Now())
		p.Due, p.Overdue = page.Span(c.Lang(), left), left < 0
	}
	for _, row := range p.Compare {
		if row.Differs {
			p.Differs++
		}
	}
	if p.MaySee {
		p.Papers, p.Shown = papers(c, v)
	}
	if len(v.Attempts) > 0 {
		p.Identity = panel(c, o, v.Attempts[0])
	}
	d.verdictForm(c, v, &p)
	for _, e := range v.Events {
		p.Steps = append(p.Steps, page.EventStep(c, e))
	}
	slices.Reverse(p.Steps) // the newest is what is asked about
	for _, past := range v.Verdicts {
		p.History = append(p.History, Past{past.Decision, page.Beijing(past.At).Format("01-02 15:04"), past.CustomerText})
	}
	return p, nil
}

// verdictForm adds checklist and verdict for whoever holds the order.
func (d Deps) verdictForm(c *page.Ctx, v flow.Case, p *CasePage) {
	p.Missing = review.Missing(v.Draft.Checks)
	for _, name := range review.Checks {
		ticked := slices.Contains(v.Draft.Checks, name)
		if ticked {
			p.Ticked++
		}
		p.Checks = append(p.Checks, Check{name, ticked})
	}
	if !p.Claim.Mine || !c.Actor().Can(rbac.CaseDecide) {
		return
	}
	p.Verdict = &Verdict{
		ContentVersion: v.Order.Gates.ContentVersion, Digest: hex.EncodeToString(v.Digest),
		CustomerText: v.Draft.CustomerText, Note: v.Draft.Note,
	}
	for _, kind := range []string{"application_form", "business_licence"} {
		group := PaperReasons{Kind: kind}
		for _, reason := range review.Reasons[kind] {
			set := slices.Contains(v.Draft.Items, review.Item{Kind: kind, Reason: reason})
			group.Reasons = append(group.Reasons, Reason{kind + ":" + reason, reason, set})
		}
		p.Verdict.Reasons = append(p.Verdict.Reasons, group)
	}
}

func claim(c *page.Ctx, v flow.Case) Claim {
	cl := Claim{MayClaim: c.Actor().Can(rbac.CaseClaim) && v.Order.Stage == order.StageReview}
	if v.Line.ClaimStaff == nil {
		return cl
	}
	if v.Line.ClaimUntil != nil {
		cl.Left = page.Span(c.Lang(), v.Line.ClaimUntil.Sub(c.Now()))
	}
	cl.Mine = *v.Line.ClaimStaff == c.Actor().ID
	if !cl.Mine {
		cl.Other, cl.MayClaim = v.Line.ClaimName+" "+v.Line.ClaimNo, false
	}
	return cl
}

func papers(c *page.Ctx, v flow.Case) ([]Paper, *Paper) {
	base := "/orders/" + v.Order.No
	out := make([]Paper, 0, len(v.Papers))
	chosen := -1
	for i, doc := range v.Papers {
		paper := Paper{
			ID: doc.ID, Key: i + 1, Kind: doc.Kind, Version: doc.Version, Pages: doc.Pages, Page: 1, SM3: doc.SM3,
			State: paperState(c, doc), URL: page.With(base, nil, "paper", doc.ID.String()), Ready: doc.Images == document.ImagesReady,
		}
		if c.Query("paper") == doc.ID.String() {
			chosen = i
		}
		out = append(out, paper)
	}
	if len(out) == 0 {
		return out, nil
	}
	shown := &out[max(chosen, 0)]
	shown.Current = true
	if n := c.QueryInt("page", 1); n >= 1 && n <= shown.Pages {
		shown.Page = n
	}
	image := base + "/papers/" + shown.ID.String() + "/" + strconv.Itoa(shown.Page)
	shown.Small, shown.Large = image, image+"?size=large"
	if shown.Page > 1 {
		shown.Prev = shown.URL + "&page=" + strconv.Itoa(shown.Page-1)
	}
	if shown.Page < shown.Pages {
		shown.Next = shown.URL + "&page=" + strconv.Itoa(shown.Page+1)
	}
	return out, shown
}

func paperState(c *page.Ctx, doc document.Document) page.Status {
	s := page.Status{Tone: page.NotYet, Word: c.T("paper."+string(doc.State), nil)}
	switch doc.State {
	case document.Accepted:
		s.Tone = page.OK
	case document.Returned:
		s.Tone = page.Back
	case document.Uploaded, document.Superseded:
	}
	return s
}

func panel(c *page.Ctx, o order.Order, a identity.Attempt) *Identity {
	p := &Identity{
		Status: page.Status{Tone: page.Progress, Word: c.T("state.identity."+string(o.Gates.Identity), nil)}, Number: a.Number,
		Threshold: centi(a.Threshold), Library: a.Library, Score: "—", Reason: a.Reason,
	}
	switch a.State {
	case identity.Passed:
		p.Status = page.Status{Tone: page.OK, Word: c.T("state.identity.passed", nil)}
	case identity.Failed:
		p.Status = page.Status{Tone: page.Bad, Word: c.T("state.identity.failed", nil)}
	case identity.Expired:
		p.Status = page.Status{Tone: page.Warn, Word: c.T("state.identity.expired", nil)}
	case identity.Begun, identity.Pending:
	}
	if a.Score < 0 {
		return p
	}
	p.Score, p.Meter, p.At = centi(a.Score), a.Score/100, page.Beijing(a.FinishedAt).Format("01-02 15:04")
	p.Live = page.Status{Tone: page.Bad, Word: c.T("identity.not_live", nil)}
	if a.Live {
		p.Live = page.Status{Tone: page.OK, Word: c.T("identity.live", nil)}
	}
	if c.Actor().Can(rbac.IdentityView) {
		for _, which := range []identity.Picture{identity.BestFrame, identity.CardFront} {
			p.Pictures = append(p.Pictures, "/orders/"+o.No+"/faces/"+a.ID.String()+"/"+string(which))
		}
	}
	return p
}

func centi(n int) string { return strconv.FormatFloat(float64(n)/100, 'f', 1, 64) }

func telecom(c *page.Ctx, v flow.Case) page.Status {
	state := v.Order.Gates.Telecom
	s := page.Status{Tone: page.NotYet, Word: c.T("state.telecom."+string(state), nil)}
	switch state {
	case order.Match:
		s.Tone = page.OK
	case order.Mismatch:
		s.Tone = page.Bad
	case order.Unknown:
		s.Tone = page.Warn
	}
	if v.Check != nil && v.Check.Carrier != "" {
		s.Word += " · " + v.Check.Carrier
	}
	return s
}

func payment(c *page.Ctx, o order.Order) owed {
	s := page.Status{Tone: page.NotYet, Word: c.T("state.payment."+string(o.Gates.Payment), nil)}
	switch o.Gates.Payment {
	case order.Settled, order.Waived:
		s.Tone = page.OK
	case order.Awaiting:
		s.Tone = page.Progress
	case order.Refunding, order.Refunded:
		s.Tone = page.Back
	}
	return owed{Due: o.AmountFen, Status: s, Method: c.T("method."+string(o.Gates.Method), nil)}
}

// compare lists what was filled in beside what the old certificate says, mismatches first.
func compare(c *page.Ctx, v flow.Case) []Row {
	o := v.Order
	rows := []Row{
		equal(c, "orders.holder", o.Holder, v.Old.Holder),
		equal(c, "org_kind."+o.OrgIDKind, o.OrgIDNumber, v.Old.OrgIDNumber),
		masked(c, o.No, order.FieldLegalName, o.Legal.Name),
		masked(c, o.No, order.FieldAgentName, o.Agent.Name),
		masked(c, o.No, order.FieldAgentID, o.Agent.IDNumber),
		masked(c, o.No, order.FieldAgentPhone, o.Agent.Phone),
		masked(c, o.No, order.FieldAgentEmail, o.Agent.Email),
		equal(c, "orders.medium", o.MediumNo, v.Old.MediumNo),
		{Label: c.T("orders.expired", nil), Filled: "—", Registered: page.Beijing(v.Old.NotAfter()).Format("2006-01-02")},
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		switch {
		case a.Differs == b.Differs:
			return 0
		case a.Differs:
			return -1
		}
		return 1
	})
	return rows
}

func equal(c *page.Ctx, label, filled, registered string) Row {
	r := Row{Label: c.T(label, nil), Filled: filled, Registered: registered, Status: page.Status{Tone: page.OK, Word: c.T("orders.same", nil)}}
	if filled != registered {
		r.Differs, r.Status = true, page.Status{Tone: page.Warn, Word: c.T("orders.differs", nil)}
	}
	return r
}

func masked(c *page.Ctx, no string, field order.Field, mask string) Row {
	m := &page.Masked{ID: "m-" + string(field), Mask: mask, Field: string(field)}
	if mask != "" && c.Actor().Can(rbac.CaseReveal) {
		m.Action = "/orders/" + no + "/reveal"
	}
	return Row{Label: c.T("field."+string(field), nil), Masked: m}
}
