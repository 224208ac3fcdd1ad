package issuance

import (
	"encoding/pem"
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/applicant"
	"caconsole/admin/flow"
	"caconsole/admin/seal"
	"caconsole/issuance/cert"
	"caconsole/issuance/manual"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// maxPaper is the largest request that brings a paper, in bytes: the largest file and the form around it.
const maxPaper = 21 << 20

// maxEntry is the largest request that opens an order, in bytes: a CSR and the texts.
const maxEntry = 256 << 10

// manualRoutes adds what opens and signs orders by hand.
func manualRoutes(r *page.Router, d Deps) {
	r.Get("/issuance/manual/new", rbac.IssuanceManual, d.manualNew)
	r.Post("/issuance/manual", rbac.IssuanceManual, d.manualOpen, page.MaxBody(maxEntry))
	r.Get("/issuance/manual/:no", rbac.IssuanceManual, d.manualShow)
	r.Get("/issuance/manual/:no/edit", rbac.IssuanceManual, d.manualEdit)
	r.Post("/issuance/manual/:no/edit", rbac.IssuanceManual, d.manualCorrect, page.MaxBody(maxEntry))
	r.Post("/issuance/manual/:no/papers", rbac.IssuanceManual, d.manualPaper, page.MaxBody(maxPaper))
	r.Get("/issuance/manual/:no/papers/:id/:page", rbac.IssuanceManual, d.manualImage)
	r.Post("/issuance/manual/:no/sign/to-sign", rbac.IssuanceManual, d.manualToSign)
	r.Post("/issuance/manual/:no/sign", rbac.IssuanceManual, d.manualSign)
	r.Post("/issuance/manual/:no/check/to-sign", rbac.IssuanceManual, d.manualToCheck)
	r.Post("/issuance/manual/:no/check", rbac.IssuanceManual, d.manualCheck)
	r.Post("/issuance/manual/:no/return", rbac.IssuanceManual, d.manualReturn)
	r.Post("/issuance/manual/:no/withdraw", rbac.IssuanceManual, d.manualWithdraw)
	r.Get("/issuance/manual/:no/chain", rbac.IssuanceManual, d.manualChain)
}

// Entry is the form that opens an order by hand, or corrects the facts of one. It comes back as it was typed.
type Entry struct {
	Serial         string `form:"serial" validate:"max=80"`
	Years          int    `form:"years"`
	Keys           string `form:"keys"`
	CSR            string `form:"csr" validate:"max=20000"`
	Grounds        string `form:"grounds"`
	GroundsText    string `form:"grounds_text"`
	Identified     string `form:"identified"`
	IdentifiedText string `form:"identified_text"`
	Consent        string `form:"consent"`
	ConsentText    string `form:"consent_text"`
	Waiver         string `form:"waiver"`
	WaiverText     string `form:"waiver_text"`
	AgentName      string `form:"agent_name"`
	AgentID        string `form:"agent_id"`
	AgentPhone     string `form:"agent_phone"`
	AgentEmail     string `form:"agent_email"`
}

// EntryPage is the form with its choices.
type EntryPage struct {
	No     string // of the order that is corrected; "" for a new one
	Holder string
	Form   Entry
	Years  []page.Choice

	Grounds, Identified, Consent, Waiver []page.Choice
}

// entryPage offers the choices beside what was typed.
func entryPage(c *page.Ctx, f Entry) EntryPage {
	offer := func(name string, codes []string) (out []page.Choice) {
		for _, code := range codes {
			out = append(out, page.Choice{Value: code, Word: c.T("manual."+name+"."+code, nil)})
		}
		return out
	}
	p := EntryPage{
		Form: f, Grounds: offer("grounds", manual.Grounds), Identified: offer("identified", manual.Identifications),
		Consent: offer("consent", manual.Consents), Waiver: offer("waiver", manual.Waivers),
	}
	for n := 1; n <= cert.MaxYears; n++ {
		p.Years = append(p.Years, page.Choice{Value: strconv.Itoa(n), Word: c.T("issuance.n_years", map[string]any{"years": n})})
	}
	return p
}

func (d Deps) manualNew(c *page.Ctx) error {
	return c.Render("issuance/manual_new", entryPage(c, Entry{Serial: c.Query("serial"), Years: 1, Keys: cert.KeepKeys}))
}

// readEntry reads the form. A file takes the place of what was pasted, and stays in the form as text when it is refused.
func readEntry(c *page.Ctx) (Entry, error) {
	var f Entry
	if err := c.Bind(&f); err != nil {
		return f, err
	}
	if up, err := c.File("csr_file"); err == nil {
		f.CSR = string(up.Data)
		if block, _ := pem.Decode(up.Data); block == nil {
			f.CSR = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: up.Data}))
		}
	}
	return f, nil
}

// facts are what the form says of the order's grounds.
func (f Entry) facts() manual.Facts {
	out := manual.Facts{
		Grounds: f.Grounds, Identified: f.Identified, Consent: f.Consent, Waiver: f.Waiver,
		Texts: manual.Texts{
			Grounds: seal.Secret(f.GroundsText), Identified: seal.Secret(f.IdentifiedText),
			Consent: seal.Secret(f.ConsentText), Waiver: seal.Secret(f.WaiverText),
		},
	}
	if f.Keys == cert.CSRKeys {
		out.CSR = []byte(f.CSR + "\n") // nothing pasted is a CSR that cannot be read
	}
	return out
}

func (f Entry) entry() flow.ManualEntry {
	return flow.ManualEntry{
		Serial: f.Serial, Years: f.Years, Facts: f.facts(),
		Agent: applicant.Person{
			Name: seal.Secret(f.AgentName), IDNumber: seal.Secret(f.AgentID), Phone: seal.Secret(f.AgentPhone), Email: seal.Secret(f.AgentEmail),
		},
	}
}

func (d Deps) manualOpen(c *page.Ctx) error {
	f, err := readEntry(c)
	var no string
	if err == nil {
		no, err = d.Flow.OpenManual(c.Context(), c.Actor(), f.entry())
	}
	if err != nil {
		return c.Refuse(err, "issuance/manual_new", entryPage(c, f))
	}
	return c.Redirect("/issuance/manual/"+no, "issuance.manual.opened", map[string]any{"no": no})
}

func (d Deps) manualEdit(c *page.Ctx) error {
	v, err := d.Flow.ViewManual(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return err
	}
	x := v.Facts
	f := Entry{
		Years: v.Order.Years, Keys: cert.KeepKeys, Grounds: x.Grounds, Identified: x.Identified, Consent: x.Consent, Waiver: x.Waiver,
		GroundsText: x.Texts.Grounds.Reveal(), IdentifiedText: x.Texts.Identified.Reveal(), ConsentText: x.Texts.Consent.Reveal(), WaiverText: x.Texts.Waiver.Reveal(),
	}
	if len(x.CSR) > 0 {
		f.Keys, f.CSR = cert.CSRKeys, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: x.CSR}))
	}
	p := entryPage(c, f)
	p.No, p.Holder = v.Order.No, v.Order.Holder
	return c.Render("issuance/manual_new", p)
}

func (d Deps) manualCorrect(c *page.Ctx) error {
	f, err := readEntry(c)
	if err == nil {
		err = d.Flow.CorrectManual(c.Context(), c.Actor(), c.Param("no"), f.facts())
	}
	if err != nil {
		p := entryPage(c, f)
		p.No = c.Param("no")
		return c.Refuse(err, "issuance/manual_new", p)
	}
	return c.Redirect("/issuance/manual/"+c.Param("no"), "issuance.manual.corrected")
}

// person names somebody of a view.
func person(v flow.ManualView, id string) string {
	if u, err := uuid.Parse(id); err == nil {
		if p := v.Person(u); p.Name != "" {
			return p.Name + " " + p.No
		}
	}
	return "—"
}
