// Package profiles is where certificate profiles are seen and changed: every version in words, what differs, who signed.
package profiles

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/calendar"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct {
	Flow *flow.Flow
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("profiles", files)
	r.Get("/profiles", rbac.ProfileView, d.list)
	r.Get("/profiles/:sum", rbac.ProfileView, d.show)
	r.Get("/profiles/:sum/edit", rbac.ProfileChange, d.edit)
	r.Post("/profiles/:sum/edit", rbac.ProfileChange, d.propose)
	r.Post("/profiles/:sum/sign/to-sign", rbac.ProfileChange, d.toSign)
	r.Post("/profiles/:sum/sign", rbac.ProfileChange, d.sign)
	r.Post("/profiles/:sum/withdraw", rbac.ProfileChange, d.withdraw)
}

// Line is one version in the list.
type Line struct {
	Sum      string
	ID       string
	Revision int
	Project  string
	Type     string
	Years    string
	Status   page.Status
	Since    time.Time
}

// List is all versions.
type List struct {
	Lines []Line
	Empty page.Empty
}

// Fact is one value in words.
type Fact struct{ Word, Value string }

// Change is one value in which a version differs from the one before it.
type Change struct{ Path, Old, New string }

// Detail is one version.
type Detail struct {
	Line

	Facts   []Fact
	Changes []Change
	Before  int // revision that Changes are against; 0 for none
	JSON    string
	Chain   []page.Step
	Refused string

	MayEdit     bool
	MaySign     bool
	MayWithdraw bool
	Second      bool // the signature that sends it
	Say         string
}

func (d Deps) list(c *page.Ctx) error {
	all, err := d.Flow.Issuance.Profiles(c.Context(), d.Flow.DB.Read(c.Context()))
	if err != nil {
		return err
	}
	p := List{Empty: page.Empty{Title: c.T("profiles.empty", nil), Text: c.T("profiles.empty.text", nil)}}
	for _, v := range all {
		p.Lines = append(p.Lines, line(c, v, inForce(all, v)))
	}
	return c.Render("profiles/list", p)
}

// inForce tells whether a version is the one the signer issues by.
func inForce(all []issuance.ProfileVersion, v issuance.ProfileVersion) bool {
	for _, other := range all {
		if other.ID == v.ID && other.State == issuance.ProfileTaken && other.Revision > v.Revision {
			return false
		}
	}
	return v.State == issuance.ProfileTaken
}

func line(c *page.Ctx, v issuance.ProfileVersion, current bool) Line {
	l := Line{
		Sum: v.Sum.Hex(), ID: v.ID, Revision: v.Revision, Project: v.Project, Type: c.T("profiles.type."+v.Type, nil), Years: years(v.Years), Since: v.EndedAt,
	}
	switch {
	case current:
		l.Status = page.Status{Tone: page.OK, Word: c.T("profiles.state.current", nil)}
	case v.State == issuance.ProfileTaken:
		l.Status = page.Status{Tone: page.Closed, Word: c.T("profiles.state.former", nil)}
	case v.State == issuance.ProfileWithdrawn:
		l.Status = page.Status{Tone: page.Closed, Word: c.T("profiles.state.withdrawn", nil)}
	case v.Refusal != "":
		l.Status = page.Status{Tone: page.Bad, Word: c.T("profiles.state.refused", nil)}
	case v.Signed():
		l.Status = page.Status{Tone: page.Progress, Word: c.T("profiles.state.sent", nil)}
	default:
		l.Status = page.Status{Tone: page.Progress, Word: c.T("profiles.state.open", nil)}
	}
	if l.Since.IsZero() {
		l.Since = v.CreatedAt
	}
	return l
}

func years(of []int) string {
	words := make([]string, len(of))
	for i, n := range of {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, " ")
}

func (d Deps) show(c *page.Ctx) error {
	p, err := d.detail(c)
	if err != nil {
		return err
	}
	return c.Render("profiles/show", p)
}

// digest reads the digest of the path.
func digest(c *page.Ctx) (cert.Digest, error) {
	sum, err := cert.ParseDigest(c.Param("sum"))
	if err != nil {
		return sum, fault.New(fault.NotFound, "profile_unknown", nil)
	}
	return sum, nil
}

func (d Deps) detail(c *page.Ctx) (Detail, error) {
	sum, err := digest(c)
	if err != nil {
		return Detail{}, err
	}
	q := d.Flow.DB.Read(c.Context())
	v, err := d.Flow.Issuance.ProfileVersion(c.Context(), q, sum)
	if err != nil {
		return Detail{}, err
	}
	all, err := d.Flow.Issuance.Profiles(c.Context(), q)
	if err != nil {
		return Detail{}, err
	}
	current := inForce(all, v)
	p := Detail{Line: line(c, v, current), Facts: facts(c, v.Profile), JSON: string(v.Canonical())}
	for _, other := range all {
		if other.ID == v.ID && other.State == issuance.ProfileTaken && other.Revision == v.Revision-1 {
			p.Before = other.Revision
			for _, x := range other.Diff(v.Profile) {
				p.Changes = append(p.Changes, Change(x))
			}
		}
	}
	if v.Refusal != "" {
		p.Refused = c.T(v.Refusal, map[string]any{"revision": v.Revision - 1})
	}
	if err := d.people(c, v, &p); err != nil {
		return Detail{}, err
	}
	p.may(c, v, current)
	return p, nil
}

// people adds who signed and who is to.
func (d Deps) people(c *page.Ctx, v issuance.ProfileVersion, p *Detail) error {
	if v.ProposedBy == uuid.Nil {
		return nil
	}
	ids := []uuid.UUID{v.ProposedBy}
	for _, a := range v.Approvals {
		if id, err := uuid.Parse(a.StaffID); err == nil {
			ids = append(ids, id)
		}
	}
	names, err := d.Flow.Board.People(c.Context(), ids)
	if err != nil {
		return err
	}
	name := func(id string) string { return names[id].Name + " " + names[id].No }
	p.Chain = append(p.Chain, page.Step{Status: page.Status{Tone: page.OK, Word: c.T("profiles.step.proposed", nil)}, Text: name(v.ProposedBy.String()), When: short(v.CreatedAt)})
	for _, duty := range []string{cert.DutyProfile, cert.DutyProfileCheck} {
		s := page.Step{Status: page.Status{Tone: page.NotYet, Word: c.T("profiles.step."+duty, nil)}}
		if given := v.SignedAs(duty); given != nil {
			s.Tone, s.Text, s.When = page.OK, name(given.StaffID), short(given.At)
		}
		p.Chain = append(p.Chain, s)
	}
	return nil
}

// may says what the reader can do.
func (p *Detail) may(c *page.Ctx, v issuance.ProfileVersion, current bool) {
	change, me := c.Actor().Can(rbac.ProfileChange), c.Actor().ID
	open := v.State == issuance.ProfileOpen
	first := v.SignedAs(cert.DutyProfile)
	p.MayEdit = change && current
	p.MaySign = change && open && !v.Signed() && (first == nil && v.ProposedBy == me || first != nil && first.StaffID != me.String())
	p.Second = first != nil
	p.MayWithdraw = change && open && (!v.Signed() || v.Refusal != "")
	say := "former"
	switch {
	case current:
		say = "current"
	case v.State == issuance.ProfileWithdrawn:
		say = "withdrawn"
	case v.Refusal != "":
		say = "refused"
	case v.Signed():
		say = "sent"
	case p.MaySign && p.Second:
		say = "second"
	case p.MaySign:
		say = "first"
	case open && first == nil:
		say = "waits_first"
	case open:
		say = "waits_second"
	}
	p.Say = c.T("profiles.say."+say, nil)
}

// facts are the fields of a profile in words.
func facts(c *page.Ctx, p cert.Profile) []Fact {
	usages := func(of []string) string {
		words := make([]string, len(of))
		for i, u := range of {
			words[i] = c.T("certificates.usage."+u, nil)
		}
		return strings.Join(words, c.T("profiles.and", nil))
	}
	project := p.Project
	if project == "" {
		project = c.T("profiles.project.any", nil)
	}
	return []Fact{
		{c.T("profiles.project", nil), project},
		{c.T("profiles.type", nil), c.T("profiles.type."+p.Type, nil)},
		{c.T("profiles.years", nil), c.T("profiles.years.rule", map[string]any{"years": years(p.Years)})},
		{c.T("profiles.dn", nil), strings.Join(dnLines(p.DN), "  ")},
		{c.T("profiles.identity", nil), strings.Join(identityLines(p.Identity), "  ")},
		{c.T("profiles.sign_usage", nil), usages(p.SignUsage)},
		{c.T("profiles.enc_usage", nil), usages(p.EncUsage)},
		{c.T("profiles.enc_key", nil), c.T("profiles.enc_key."+p.EncKey, nil)},
		{c.T("profiles.policy_oid", nil), p.PolicyOID},
		{c.T("profiles.crl", nil), strings.Join(p.CRL, "  ")},
		{c.T("profiles.ca_issuers", nil), strings.Join(p.CAIssuers, "  ")},
		{c.T("profiles.csr_response", nil), fmt.Sprintf("[0] %s, [1] %s", p.CSRResponse.Key, p.CSRResponse.Certificates)},
	}
}

func short(t time.Time) string { return t.In(calendar.Beijing).Format("01-02 15:04") }
