package profiles

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/ui/page"
)

// Form is a version as it is edited: lists one item a line.
type Form struct {
	Years        []string `form:"years"`
	DN           string   `form:"dn" validate:"max=2000"`
	Identity     string   `form:"identity" validate:"max=2000"`
	PolicyOID    string   `form:"policy_oid" validate:"max=200"`
	CRL          string   `form:"crl" validate:"max=2000"`
	CAIssuers    string   `form:"ca_issuers" validate:"max=2000"`
	SignUsage    []string `form:"sign_usage"`
	EncUsage     []string `form:"enc_usage"`
	EncKey       string   `form:"enc_key"`
	Key          string   `form:"csr_response_key"`
	Certificates string   `form:"csr_response_certificates"`
}

// Edit is the form with its choices.
type Edit struct {
	Line

	Form      Form
	Years     []Box
	SignUsage []Box
	EncUsage  []Box
	EncKey    []Box
	Tagging   []string
	Wrong     map[string][]string // sentences of the faults, by field of the form
}

// Box is a choice that may be set.
type Box struct {
	Value, Word string
	Set         bool
}

// usages in the order in which they are offered.
var (
	signUsages = []string{"digitalSignature", "nonRepudiation"}
	encUsages  = []string{"keyEncipherment", "dataEncipherment", "keyAgreement"}
)

func formOf(p cert.Profile) Form {
	f := Form{
		DN: strings.Join(dnLines(p.DN), "\n"), Identity: strings.Join(identityLines(p.Identity), "\n"), PolicyOID: p.PolicyOID,
		CRL: strings.Join(p.CRL, "\n"), CAIssuers: strings.Join(p.CAIssuers, "\n"), SignUsage: p.SignUsage, EncUsage: p.EncUsage,
		EncKey: p.EncKey, Key: p.CSRResponse.Key, Certificates: p.CSRResponse.Certificates,
	}
	for _, n := range p.Years {
		f.Years = append(f.Years, strconv.Itoa(n))
	}
	return f
}

// profile is the version in force with what the form says. What cannot be read becomes a value that the check refuses.
func (f Form) profile(base cert.Profile) cert.Profile {
	p := base
	p.Years, p.DN, p.Identity = nil, dnOf(f.DN), identityOf(f.Identity)
	for _, y := range f.Years {
		n, _ := strconv.Atoi(y)
		p.Years = append(p.Years, n)
	}
	p.PolicyOID, p.CRL, p.CAIssuers = f.PolicyOID, lines(f.CRL), lines(f.CAIssuers)
	p.SignUsage, p.EncUsage, p.EncKey = f.SignUsage, f.EncUsage, f.EncKey
	p.CSRResponse = cert.Tagging{Key: f.Key, Certificates: f.Certificates}
	return p
}

func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// dnLines writes a name template one attribute a line: "C=CN", "O={organisation}", "OU={unit}?" where it may be missing.
func dnLines(parts []cert.DNPart) []string {
	var out []string
	for _, p := range parts {
		text := p.Text
		if p.From != "" {
			text = "{" + p.From + "}"
		}
		if p.Optional {
			text += "?"
		}
		out = append(out, p.Attribute+"="+text)
	}
	return out
}

func dnOf(s string) []cert.DNPart {
	var out []cert.DNPart
	for _, l := range lines(s) {
		attribute, text, _ := strings.Cut(l, "=")
		p := cert.DNPart{Attribute: strings.TrimSpace(attribute)}
		text = strings.TrimSpace(text)
		if cut, ok := strings.CutSuffix(text, "?"); ok && strings.HasSuffix(cut, "}") {
			text, p.Optional = cut, true
		}
		if inner, ok := strings.CutPrefix(text, "{"); ok && strings.HasSuffix(inner, "}") {
			p.From = strings.TrimSuffix(inner, "}")
		} else {
			p.Text = text
		}
		out = append(out, p)
	}
	return out
}

// identityLines writes the extensions with the organisation code: OID, string type, tag and its number.
func identityLines(list []cert.Extension) []string {
	var out []string
	for _, e := range list {
		l := e.OID + " " + e.String + " " + e.Tag
		if e.Tag != cert.TagNone {
			l += " " + strconv.Itoa(e.Number)
		}
		out = append(out, l)
	}
	return out
}

func identityOf(s string) []cert.Extension {
	var out []cert.Extension
	for _, l := range lines(s) {
		words := append(strings.Fields(l), "", "", "", "")
		n, err := strconv.Atoi(words[3])
		if words[3] != "" && err != nil {
			n = -1
		}
		out = append(out, cert.Extension{OID: words[0], String: words[1], Tag: words[2], Number: n})
	}
	return out
}

// editPage offers the choices beside what was typed.
func editPage(c *page.Ctx, v issuance.ProfileVersion, f Form) Edit {
	box := func(values, set []string, words string) (out []Box) {
		for _, x := range values {
			out = append(out, Box{x, c.T(words+x, nil), slices.Contains(set, x)})
		}
		return out
	}
	p := Edit{
		Line: line(c, v, true), Form: f, SignUsage: box(signUsages, f.SignUsage, "certificates.usage."), EncUsage: box(encUsages, f.EncUsage, "certificates.usage."),
		EncKey:  box([]string{cert.EncKeyKeep, cert.EncKeyKMC}, []string{f.EncKey}, "profiles.enc_key."),
		Tagging: []string{cert.TagExplicit, cert.TagImplicit}, Wrong: map[string][]string{},
	}
	for n := 1; n <= cert.MaxYears; n++ {
		y := strconv.Itoa(n)
		p.Years = append(p.Years, Box{y, y, slices.Contains(f.Years, y)})
	}
	return p
}

// base is the version in force that a form changes.
func (d Deps) base(c *page.Ctx) (issuance.ProfileVersion, error) {
	sum, err := digest(c)
	if err != nil {
		return issuance.ProfileVersion{}, err
	}
	v, err := d.Flow.Issuance.ProfileVersion(c.Context(), d.Flow.DB.Read(c.Context()), sum)
	if err != nil {
		return v, err
	}
	return d.Flow.Issuance.CurrentProfile(c.Context(), d.Flow.DB.Read(c.Context()), v.ID)
}

func (d Deps) edit(c *page.Ctx) error {
	v, err := d.base(c)
	if err != nil {
		return err
	}
	return c.Render("profiles/edit", editPage(c, v, formOf(v.Profile)))
}

func (d Deps) propose(c *page.Ctx) error {
	base, err := d.base(c)
	if err != nil {
		return err
	}
	var f Form
	var v issuance.ProfileVersion
	if err = c.Bind(&f); err == nil {
		v, err = d.Flow.ProposeProfile(c.Context(), c.Actor(), f.profile(base.Profile))
	}
	if err != nil {
		p := editPage(c, base, f)
		for _, x := range fault.Of(err).Fields {
			name, item, _ := strings.Cut(x.Name, ".")
			sentence := c.T(x.Key, x.Args)
			if n, rest, _ := strings.Cut(item, "."); n != "" && name != "csr_response" {
				i, _ := strconv.Atoi(n)
				sentence = c.T("profiles.line", map[string]any{"n": i + 1, "what": strings.TrimSpace(fmt.Sprintf("%s %s", rest, sentence))})
			}
			p.Wrong[name] = append(p.Wrong[name], sentence)
		}
		return c.Refuse(err, "profiles/edit", p)
	}
	return c.Redirect("/profiles/"+v.Sum.Hex(), "profiles.proposed")
}

func (d Deps) toSign(c *page.Ctx) error {
	sum, err := digest(c)
	if err != nil {
		return err
	}
	t, err := d.Flow.SignProfileToSign(c.Context(), c.Actor(), sum)
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

func (d Deps) sign(c *page.Ctx) error {
	sum, err := digest(c)
	if err != nil {
		return err
	}
	sig, err := c.Signature()
	if err == nil {
		err = d.Flow.SignProfile(c.Context(), c.Actor(), sum, sig)
	} else if _, refused := d.Flow.SignProfileToSign(c.Context(), c.Actor(), sum); refused != nil {
		err = refused
	}
	return d.done(c, err, "profiles.signed")
}

func (d Deps) withdraw(c *page.Ctx) error {
	sum, err := digest(c)
	if err == nil {
		err = d.Flow.WithdrawProfile(c.Context(), c.Actor(), sum)
	}
	return d.done(c, err, "profiles.withdrawn")
}

// done shows the version again after an act, with why it was not taken where it was not.
func (d Deps) done(c *page.Ctx, refused error, flash string) error {
	if refused == nil {
		return c.Redirect("/profiles/"+c.Param("sum"), flash)
	}
	p, err := d.detail(c)
	if err != nil {
		return refused
	}
	return c.Refuse(refused, "profiles/show", p)
}
