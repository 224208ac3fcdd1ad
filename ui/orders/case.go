package orders

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/admin/review"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/queue"
)

// CasePage is the case screen.
type CasePage struct {
	No        string
	Holder    string
	Kind      order.Kind
	Path      order.Path
	Years     int
	Status    page.Status
	Strip     []page.GateMark
	Round     int       // the submission that is looked at, from 1
	Submitted time.Time // zero before the order came to review
	Returned  *Past     // the last 退回补件
	Due       string
	Overdue   bool
	Claim     Claim
	MaySee    bool
	Online    bool // neither papers nor the agent's identity are asked for
	Papers    []Paper
	Shown     *Paper // nil where there is nothing to show, or the reader may not see papers
	Compare   []Row
	Differs   int
	Identity  *Identity
	Owed      Owed
	Checks    []Check
	Ticked    int
	Missing   []review.Check
	Verdict   *Verdict // nil where the reader may not decide now
	Unsent    *Unsent  // a verdict that was refused because the order is no longer the reader's
	Blocks    bool     // the applicant's next renewal waits for this one, and the reader may change that
	Unblocked string   // why it does not, where a lead said so
	Refund    *RefundPanel
	Steps     []page.Step
	History   []Past
}

// Claim says who holds the order.
type Claim struct {
	Mine     bool
	Other    string // name and number of the colleague who holds it
	Left     string
	MayClaim bool
}

// Check is one line of the checklist and the paper it is seen on.
type Check struct {
	Name   review.Check
	Where  string // catalogue "where.<where>"
	Ticked bool
	First  bool // of those not ticked: here the keyboard begins
}

// places says where each check is seen.
var places = map[review.Check]string{
	review.CheckStampClear: "form", review.CheckStampHolder: "form", review.CheckSignature: "form",
	review.CheckLicenceValid: "licence", review.CheckLicenceStamp: "licence", review.CheckPerson: "person",
}

// Verdict is what the verdict form carries.
type Verdict struct {
	ContentVersion int
	Digest         string
	CustomerText   string
	Written        string // what the applicant will read where the reviewer writes nothing
	RejectText     string // what was typed in a dialog that was refused
	Note           string
	Saved          time.Time // of the draft; zero without one
	Phone          string    // mask of where the SMS goes
	Last4          string    // of the order number, typed to reject
	Reasons        []PaperReasons
	Shift          flow.Delegating // whether this browser signs for a shift, or may
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
	At       time.Time
	By       string // name and number
	Papers   string // what was returned, with the reasons
	Reasons  string
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
		Strip: page.OrderGates(o.Gates).Strip(), Online: o.Gates.Path == order.Online, MaySee: c.Actor().Can(rbac.DocumentView),
		Compare: compare(c, v), Owed: payment(c, v), Claim: claim(c, v),
	}
	if v.Line.SubmittedAt != nil {
		p.Submitted = *v.Line.SubmittedAt
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
	open := o.Stage != order.StageClosed && o.Stage != order.StageDone
	p.Blocks, p.Unblocked = open && v.Unblocked == "" && c.Actor().Can(rbac.OrderUnblock), v.Unblocked
	if len(v.Attempts) > 0 && o.Gates.Identity != order.None { // tries of a former agent say nothing about this one
		p.Identity = panel(c, o, v.Attempts[0])
	}
	if err = d.refundPanel(c, o, &p); err != nil {
		return CasePage{}, err
	}
	p.past(c, v)
	if p.MaySee {
		p.Papers, p.Shown = papers(c, v, p.Round)
	}
	p.verdict(c, v)
	if p.Verdict != nil {
		if p.Verdict.Shift, err = d.Flow.Delegating(c.Context(), c.Actor()); err != nil {
			return CasePage{}, err
		}
	}
	for _, e := range v.Events {
		p.Steps = append(p.Steps, page.EventStep(c, e))
	}
	slices.Reverse(p.Steps) // the newest is what is asked about
	return p, nil
}

// past lists the earlier verdicts; each 退回补件 began another submission.
func (p *CasePage) past(c *page.Ctx, v flow.Case) {
	p.Round = 1
	for _, past := range v.Verdicts {
		var returned, reasons []string
		for _, it := range past.Items {
			reason := c.T("reason."+it.Reason, nil)
			returned, reasons = append(returned, c.T("document."+it.Kind, nil)+" "+reason), append(reasons, reason)
		}
		and := c.T("orders.and", nil)
		p.History = append(p.History, Past{
			Decision: past.Decision, At: past.At, By: v.Deciders[past.StaffID], Text: past.CustomerText,
			Papers: strings.Join(returned, and), Reasons: strings.Join(reasons, and),
		})
		if past.Decision == review.Returned {
			p.Round++
		}
	}
	for i := range p.History { // newest first
		if p.History[i].Decision == review.Returned {
			p.Returned = &p.History[i]
			return
		}
	}
}

// verdict adds checklist and verdict form for whoever holds the order.
func (p *CasePage) verdict(c *page.Ctx, v flow.Case) {
	p.Missing = review.Missing(v.Draft.Checks)
	for _, name := range review.Checks {
		ticked := slices.Contains(v.Draft.Checks, name)
		if ticked {
			p.Ticked++
		}
		first := len(p.Missing) > 0 && p.Missing[0] == name
		p.Checks = append(p.Checks, Check{Name: name, Where: places[name], Ticked: ticked, First: first})
	}
	if !p.Claim.Mine || !c.Actor().Can(rbac.CaseDecide) {
		return
	}
	p.Verdict = &Verdict{
		ContentVersion: v.Order.Gates.ContentVersion, Digest: hex.EncodeToString(v.Digest), CustomerText: v.Draft.CustomerText,
		Written: write(c, v.Draft.Items), Note: v.Draft.Note, Saved: v.Draft.UpdatedAt, Phone: v.Order.Agent.Phone, Last4: last4(v.Order.No),
	}
	for _, kind := range []document.Kind{document.ApplicationForm, document.BusinessLicence} {
		group := PaperReasons{Kind: string(kind)}
		for _, reason := range review.Reasons[group.Kind] {
			set := slices.Contains(v.Draft.Items, review.Item{Kind: group.Kind, Reason: reason})
			group.Reasons = append(group.Reasons, Reason{group.Kind + ":" + reason, reason, set})
		}
		p.Verdict.Reasons = append(p.Verdict.Reasons, group)
	}
}

func last4(no string) string { return no[max(0, len(no)-4):] }

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
