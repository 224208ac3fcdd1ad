package issuance

import (
	"strconv"
	"strings"
	"time"

	"caconsole/admin/calendar"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/issuance/cert"
	"caconsole/issuance/manual"
	"caconsole/ui/page"
)

// ManualPage is one order opened by hand.
type ManualPage struct {
	Detail

	Strip   []page.GateMark
	Digest  string // of the content that a signature binds
	Keys    []KeySource
	Grounds []Fact
	Agent   []Fact
	Papers  []ManualPaper
	Kinds   []page.Choice // papers that may be added
	Chain   []page.Step   // who signed, and who is to sign
	Returns []Returned

	Own        bool // the reader opened it
	MayChange  bool
	MaySign    bool   // the first signature
	MayCheck   bool   // the second one
	Say        string // what is missing, or what comes next
	Typed      string
	ReturnText string
	Made       string // sign serial of the pair; "" before
}

// Fact is a value with what was written about it.
type Fact struct{ Word, Value, Text string }

// KeySource says where the key of one certificate comes from.
type KeySource struct {
	Kind        cert.Kind
	Source      string
	Text        string
	Fingerprint string // hex; "" where it is not known yet
}

// ManualPaper is one paper in force.
type ManualPaper struct {
	Kind    document.Kind
	At      time.Time
	Images  []page.Link // its pages; none while they are being drawn
	SM3     string
	Missing bool
}

// Returned is what the second issuer sent back.
type Returned struct {
	Who    string
	At     time.Time
	Reason string
}

func (d Deps) manualShow(c *page.Ctx) error {
	p, err := d.manualPage(c)
	if err != nil {
		return err
	}
	return c.Render("issuance/manual_show", p)
}

func (d Deps) manualPage(c *page.Ctx) (ManualPage, error) {
	v, err := d.Flow.ViewManual(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return ManualPage{}, err
	}
	o := v.Order
	p := ManualPage{
		Detail: Detail{
			No: o.No, Holder: o.Holder, Medium: o.MediumNo, Years: o.Years, Barred: v.Barred,
			Status: page.Status{Tone: page.Progress, Word: c.T("stage."+string(o.Stage), nil)},
		},
		Strip: page.OrderGates(o.Gates).Strip(), Digest: v.Digest, Own: v.Own, Made: v.Made,
	}
	if v.Reason != "" && o.Gates.Issuance == order.Failed {
		p.Failure = c.T(v.Reason, nil)
	}
	p.manualPair(c, v)
	p.Keys, p.Grounds, p.Agent = keySources(c, v), facts(c, v), agent(c, o)
	p.papers(c, v)
	p.chain(c, v)
	for _, r := range v.Returns {
		p.Returns = append(p.Returns, Returned{Who: person(v, r.StaffID.String()), At: r.At, Reason: r.Reason.Reveal()})
	}
	p.may(c, v)
	return p, nil
}

// manualPair shows the pair that would be signed, or why there is none.
func (p *ManualPage) manualPair(c *page.Ctx, v flow.ManualView) {
	switch {
	case v.Made != "":
		return
	case v.Refused != nil:
		f := fault.Of(v.Refused)
		p.Refused = c.T(f.Key, f.Args)
		return
	}
	p.Profile, p.Hash = v.Rehearsal.Profile.ID, v.Rehearsal.Profile.Hash().Hex()
	p.Rows = compare(c, v.IssueView)
	for i := range p.Rows {
		if p.Rows[i].Word == "key" && v.CSR != nil {
			p.Rows[i].New, p.Rows[i].Same = c.T("manual.key.sign.csr", nil), false
		}
	}
	p.Rules, p.Passed = rules(c, v.IssueView)
	p.ZLint = v.Second.Run
}

// keySources says where both keys come from.
func keySources(c *page.Ctx, v flow.ManualView) []KeySource {
	sign := KeySource{Kind: cert.Sign, Source: c.T("manual.key.sign.keep", nil), Text: c.T("manual.key.sign.keep.text", nil), Fingerprint: v.OldFacts.KeyID}
	enc := KeySource{Kind: cert.Enc, Source: c.T("manual.key.enc.keep", nil), Text: c.T("manual.key.enc.keep.text", nil)}
	if v.CSR != nil {
		sign = KeySource{Kind: cert.Sign, Source: c.T("manual.key.sign.csr", nil), Text: c.T("manual.key.sign.csr.text", map[string]any{"subject": v.CSR.Subject}), Fingerprint: v.CSR.KeyID}
		if v.Rehearsal.Profile.EncKey == cert.EncKeyKMC {
			enc = KeySource{Kind: cert.Enc, Source: c.T("manual.key.enc.kmc", nil), Text: c.T("manual.key.enc.kmc.text", nil)}
		}
	}
	return []KeySource{sign, enc}
}

func facts(c *page.Ctx, v flow.ManualView) []Fact {
	x := v.Facts
	fact := func(name, code, text string) Fact {
		return Fact{Word: c.T("manual."+name, nil), Value: c.T("manual."+name+"."+code, nil), Text: text}
	}
	return []Fact{
		fact("grounds", x.Grounds, x.Texts.Grounds.Reveal()), fact("identified", x.Identified, x.Texts.Identified.Reveal()),
		fact("consent", x.Consent, x.Texts.Consent.Reveal()), fact("waiver", x.Waiver, x.Texts.Waiver.Reveal()),
	}
}

func agent(c *page.Ctx, o order.Order) []Fact {
	return []Fact{
		{Word: c.T("manual.agent", nil), Value: strings.Join([]string{o.Agent.Name, o.Agent.IDNumber}, "　")},
		{Word: c.T("manual.agent_phone", nil), Value: o.Agent.Phone},
	}
}

// papers lists what must be there first, then what else is.
func (p *ManualPage) papers(c *page.Ctx, v flow.ManualView) {
	for _, kind := range document.ByHand {
		paper := ManualPaper{Kind: kind, Missing: true}
		for _, d := range v.Papers {
			if d.Kind != kind {
				continue
			}
			paper.Missing, paper.At, paper.SM3 = false, d.CreatedAt, d.SM3
			if d.Images != document.ImagesReady {
				continue
			}
			for n := range d.Pages {
				paper.Images = append(paper.Images, page.Link{
					URL: "/issuance/manual/" + v.Order.No + "/papers/" + d.ID.String() + "/" + strconv.Itoa(n+1), Word: c.T("manual.paper.page", map[string]any{"n": n + 1}),
				})
			}
		}
		needed := kind == document.IdentityEvidence || kind == document.ConsentPaper && v.Facts.Consent == manual.OnPaper
		if !paper.Missing || needed {
			p.Papers = append(p.Papers, paper)
		}
		p.Kinds = append(p.Kinds, page.Choice{Value: string(kind), Word: c.T("document."+string(kind), nil)})
	}
}

// chain shows who has signed and whose turn it is.
func (p *ManualPage) chain(c *page.Ctx, v flow.ManualView) {
	const layout = "01-02 15:04"
	p.Chain = append(p.Chain, page.Step{
		Status: page.Status{Tone: page.OK, Word: c.T("manual.step.open", nil)}, Text: person(v, v.Facts.WrittenBy.String()),
		When: v.Facts.CreatedAt.In(calendar.Beijing).Format(layout),
	})
	waits := true // for the first that is missing
	for _, duty := range cert.Duties(cert.OriginManual) {
		s := page.Step{Status: page.Status{Tone: page.NotYet, Word: c.T("manual.step."+duty, nil)}}
		switch given := v.SignedBy(duty); {
		case given != nil:
			s.Tone, s.Text, s.When = page.OK, person(v, given.StaffID), given.At.In(calendar.Beijing).Format(layout)
		case waits:
			s.Tone, waits = page.Progress, false
			s.Text = c.T("manual.step."+duty+".waits", nil)
		}
		p.Chain = append(p.Chain, s)
	}
}

// may says what the reader can do, and what keeps them from more.
func (p *ManualPage) may(c *page.Ctx, v flow.ManualView) {
	g := v.Order.Gates
	busy := g.Closed != order.Open || (g.Issuance != order.None && g.Issuance != order.Failed)
	sound := v.Refused == nil && v.Rehearsal.Passes()
	p.MayChange = v.Own && !busy
	p.MaySign = p.MayChange && g.Documents == order.Uploaded && sound
	p.MayCheck = !busy && v.Order.Stage == order.StageToIssue && !v.Barred && !v.Own
	say := "waits_second"
	switch {
	case v.Made != "":
		say = "made"
	case g.Closed != order.Open:
		say = "closed"
	case busy:
		say = "busy"
	case p.MayCheck && !sound, p.MayChange && v.Complete && !sound:
		say = "unsound"
		p.MayCheck = false
	case p.MayCheck:
		say = "check"
	case p.MaySign:
		say = "sign"
	case p.MayChange && !v.Complete:
		say = "evidence"
	case p.MayChange && g.Documents == order.Returned:
		say = "returned"
	case v.Order.Stage != order.StageToIssue:
		say = "waits_first"
	case v.Barred && !v.Own:
		say = "barred"
	}
	p.Say = c.T("manual.say."+say, nil)
}
