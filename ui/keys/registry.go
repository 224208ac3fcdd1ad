package keys

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Registry is the key officers' page.
type Registry struct {
	Seq      uint64
	Digest   string
	Needed   int // officers who sign a change together
	Requests []Asked
	Keys     []Counted
	Change   *Change // nil where none is open
	Signer   Signer
	Years    []page.Choice
	Chosen   string // of them
	May      bool
	Flagged  int // keys whose person is no longer who the registry says
	Refusing string
}

// Asked is a request to be decided on.
type Asked struct {
	ID       string
	Who      string
	Login    string
	Roles    string
	Kind     string
	KeyID    string
	At       time.Time
	InChange bool
	Chosen   bool
}

// Counted is a key of the registry.
type Counted struct {
	Who    string
	Login  string
	Roles  string
	Kind   string
	KeyID  string
	From   time.Time
	Until  time.Time
	Status page.Status
	Taken  bool // the open change revokes it
	Chosen bool
}

// Change is the open change.
type Change struct {
	Digest  string
	Seq     uint64
	By      string
	At      time.Time
	Adds    []Counted
	Takes   []Counted
	Signed  []page.Step
	Given   int
	Full    bool // enough have signed
	Mine    bool
	Refused string // why the signer did not take it, a sentence
}

// Signer is how the signer is.
type Signer struct {
	Status page.Status
	Facts  []Fact
}

// Fact is a line of it.
type Fact struct{ Label, Value string }

func (d Deps) registry(c *page.Ctx) error {
	p, err := d.registryPage(c, plan{})
	if err != nil {
		return err
	}
	return c.Render("keys/registry", p)
}

// years are how long a new key may count.
var years = []int{1, 2, 3, 5, 0}

const usualYears = 3

func (d Deps) registryPage(c *page.Ctx, chosen plan) (Registry, error) {
	r, err := d.Flow.KeyRegistry(c.Context(), c.Actor())
	if err != nil {
		return Registry{}, err
	}
	p := Registry{Seq: r.Registry.Seq, Digest: r.Registry.Digest().Hex(), Needed: r.Registry.Officers, Signer: signer(c, r), May: !r.Unknown && c.Actor().Can(rbac.RegistryChange)}
	for _, q := range r.Requests {
		p.Requests = append(p.Requests, Asked{
			ID: q.ID.String(), Who: q.Who.Name + " " + q.Who.No, Login: q.Who.Login, Roles: roles(c, q.Who.Roles), Kind: kind(c, q.Kind, q.Storage()),
			KeyID: q.KeyID(), At: q.CreatedAt, InChange: q.InChange, Chosen: slices.Contains(chosen.Include, q.ID.String()),
		})
	}
	for _, k := range r.Keys {
		row := counted(c, k)
		row.Chosen = slices.Contains(chosen.Revoke, row.KeyID)
		row.Taken = r.Change != nil && slices.Contains(r.Change.Revoke, row.KeyID)
		if k.Differs != "" {
			p.Flagged++
		}
		p.Keys = append(p.Keys, row)
	}
	slices.SortStableFunc(p.Keys, func(a, b Counted) int { return weight(b) - weight(a) })
	if r.Change != nil {
		p.Change = change(c, *r.Change)
	}
	if chosen.Years == "" {
		chosen.Years = strconv.Itoa(usualYears)
	}
	p.Chosen = chosen.Years
	for _, n := range years {
		word := c.T("staffkeys.years", map[string]any{"count": n})
		if n == 0 {
			word = c.T("staffkeys.years.none", nil)
		}
		p.Years = append(p.Years, page.Choice{Value: strconv.Itoa(n), Word: word})
	}
	return p, nil
}

// weight puts what needs somebody on top.
func weight(k Counted) int {
	if k.Status.Tone == page.Warn {
		return 1
	}
	return 0
}

func counted(c *page.Ctx, k flow.RegisteredKey) Counted {
	out := Counted{
		Who: k.Name + " " + k.No, Login: k.Login, Roles: roles(c, k.Roles), Kind: kind(c, k.Kind, k.Storage), KeyID: k.ID(), From: k.From(), Until: k.Until(),
	}
	own := mine(c, k.StaffKey)
	out.Status = own.Status
	if k.Differs != "" {
		out.Status = page.Status{Tone: page.Warn, Word: c.T("staffkeys.differs."+k.Differs, nil)}
	}
	return out
}

func roles(c *page.Ctx, keys []string) string {
	words := make([]string, 0, len(keys))
	for _, r := range keys {
		words = append(words, c.T("role."+r, nil))
	}
	return strings.Join(words, c.T("staffkeys.and", nil))
}

func change(c *page.Ctx, o flow.OpenChange) *Change {
	out := &Change{
		Digest: o.Sum.Hex(), Seq: o.Seq, By: o.By.Name + " " + o.By.No, At: o.CreatedAt, Given: len(o.Signed), Full: len(o.Signed) >= o.Needed, Mine: o.Mine,
	}
	for _, k := range o.Adds {
		out.Adds = append(out.Adds, counted(c, k))
	}
	for _, k := range o.Takes {
		out.Takes = append(out.Takes, counted(c, k))
	}
	for _, s := range o.Signed {
		out.Signed = append(out.Signed, page.Step{
			Status: page.Status{Tone: page.OK, Word: s.Who.Name + " " + s.Who.No}, Text: kind(c, s.Kind, ""), When: page.Beijing(s.At).Format(time.DateTime),
		})
	}
	if o.Refusal != nil {
		out.Refused = c.T(o.Refusal.Key, o.Refusal.Args)
	}
	return out
}

func signer(c *page.Ctx, r flow.KeyRegistry) Signer {
	if r.Signer == nil { // or was never heard
		return Signer{Status: page.Status{Tone: page.Bad, Word: c.T("staffkeys.signer.silent", nil)}}
	}
	st := r.Signer
	out := Signer{Status: page.Status{Tone: page.OK, Word: c.T("staffkeys.signer.open", nil)}}
	if st.Locked {
		out.Status = page.Status{Tone: page.Locked, Word: c.T("staffkeys.signer.locked", nil)}
	}
	yes := func(b bool) string { return c.T("staffkeys."+map[bool]string{true: "yes", false: "no"}[b], nil) }
	given := strings.Join(st.Given, c.T("staffkeys.and", nil))
	if given == "" {
		given = c.T("staffkeys.signer.nobody", nil)
	}
	next := ""
	if at, err := time.Parse(time.RFC3339, st.NextUpdate); err == nil {
		next = page.Beijing(at).Format(time.DateTime)
	}
	out.Facts = []Fact{
		{c.T("staffkeys.signer.given", nil), given},
		{c.T("staffkeys.signer.needed", nil), c.T("staffkeys.signer.needed.of", map[string]any{"needed": st.Needed, "shares": st.Shares})},
		{c.T("staffkeys.signer.key", nil), st.Key},
		{c.T("staffkeys.signer.software", nil), yes(st.SoftwareKeys)},
		{c.T("staffkeys.signer.passkeys", nil), yes(!st.SM2Only && r.Rules.Party.ID != "")},
		{c.T("staffkeys.signer.crl", nil), strconv.FormatUint(st.CRLNumber, 10)},
		{c.T("staffkeys.signer.next", nil), next},
	}
	return out
}

// plan is the form in which a change is put together.
type plan struct {
	Include []string `form:"include"`
	Revoke  []string `form:"revoke"`
	Years   string   `form:"years"`
}

func (d Deps) compose(c *page.Ctx) error {
	var in plan
	err := c.Bind(&in)
	if err == nil {
		err = d.composed(c, in)
	}
	if err != nil {
		return d.refused(c, err, in)
	}
	return c.Redirect("/keys", "staffkeys.composed")
}

func (d Deps) composed(c *page.Ctx, in plan) error {
	out := flow.RegistryPlan{Revoke: in.Revoke}
	for _, raw := range in.Include {
		request, err := uuid.Parse(raw)
		if err != nil {
			return fault.New(fault.NotFound, "key_request_unknown", nil)
		}
		out.Include = append(out.Include, request)
	}
	var err error
	if out.Years, err = strconv.Atoi(in.Years); err != nil {
		return fault.InvalidField("years", "field_not_offered")
	}
	return d.Flow.ComposeRegistry(c.Context(), c.Actor(), out)
}

// refused shows the page with why nothing was done, and what was chosen.
func (d Deps) refused(c *page.Ctx, why error, chosen plan) error {
	p, err := d.registryPage(c, chosen)
	if err != nil {
		return why
	}
	return c.Refuse(why, "keys/registry", p)
}

// toSign answers what an officer signs to agree to the open change.
func (d Deps) toSign(c *page.Ctx) error {
	t, err := d.Flow.RegistryToSign(c.Context(), c.Actor(), c.Form("digest"))
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

func (d Deps) sign(c *page.Ctx) error {
	if err := d.signed(c); err != nil {
		return d.refused(c, err, plan{})
	}
	return c.Redirect("/keys", "staffkeys.signed")
}

func (d Deps) signed(c *page.Ctx) error {
	sig, err := c.Signature()
	if err != nil {
		if _, refused := d.Flow.RegistryToSign(c.Context(), c.Actor(), c.Form("digest")); refused != nil {
			return refused
		}
		return err
	}
	return d.Flow.SignRegistry(c.Context(), c.Actor(), c.Form("digest"), sig)
}

func (d Deps) drop(c *page.Ctx) error {
	if err := d.Flow.WithdrawRegistry(c.Context(), c.Actor(), c.Form("digest")); err != nil {
		return d.refused(c, err, plan{})
	}
	return c.Redirect("/keys", "staffkeys.dropped")
}

func (d Deps) refuse(c *page.Ctx) error {
	var in struct {
		Reason string `form:"reason" validate:"required,max=200"`
	}
	request, err := id(c)
	if err == nil {
		err = c.Bind(&in)
	}
	if err == nil {
		err = d.Flow.RefuseKey(c.Context(), c.Actor(), request, in.Reason)
	}
	if err != nil {
		p, readErr := d.registryPage(c, plan{})
		if readErr != nil {
			return err
		}
		p.Refusing = c.Param("id")
		return c.Refuse(err, "keys/registry", p)
	}
	return c.Redirect("/keys", "staffkeys.refused")
}
