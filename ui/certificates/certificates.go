// Package certificates is the certificate inventory: every pair we know of, what it says, whether its chain holds, and
// how it came about.
package certificates

import (
	"embed"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/board"
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
	Flow  *flow.Flow
	Board *board.Board
	Now   func() time.Time
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("certificates", files)
	r.Get("/certificates", rbac.CertificateView, d.list)
	r.Get("/certificates/crl", rbac.CertificateView, d.lists)
	r.Get("/certificates/crl/:number/file", rbac.CertificateView, d.listFile)
	r.Get("/certificates/revocations", rbac.CertificateView, d.revocations)
	r.Get("/certificates/revocations/:id", rbac.CertificateView, d.revocation)
	r.Post("/certificates/revocations/:id/to-sign", rbac.CertificateRevoke, d.checkToSign)
	r.Post("/certificates/revocations/:id/check", rbac.CertificateRevoke, d.check)
	r.Post("/certificates/revocations/:id/refuse", rbac.CertificateRevoke, d.refuse)
	r.Post("/certificates/revocations/:id/withdraw", rbac.CertificateRevoke, d.withdraw)
	r.Post("/certificates/revocations/:id/retry", rbac.CertificateRevoke, d.retry)
	r.Get("/certificates/:serial", rbac.CertificateView, d.show)
	r.Get("/certificates/:serial/revoke", rbac.CertificateRevoke, d.revokeForm)
	r.Post("/certificates/:serial/revoke/to-sign", rbac.CertificateRevoke, d.revokeToSign)
	r.Post("/certificates/:serial/revoke", rbac.CertificateRevoke, d.revoke)
	r.Get("/certificates/:serial/files/:what", rbac.CertificateView, d.file)
}

// Line is one pair of the list.
type Line struct {
	board.CertificateLine
	Status page.Status
}

// Page is the list.
type Page struct {
	Tab   board.CertificateTab
	Tabs  []page.Tab
	Query page.Query
	Lines []Line
	Pager page.Pager
	Empty page.Empty
}

// list shows a tab, or what the query finds in all of them.
func (d Deps) list(c *page.Ctx) error {
	f, values := filter(c)
	if !slices.Contains(board.CertificateTabs, f.Tab) {
		f.Tab = board.CertificateActive
	}
	rows, err := d.Board.Certificates(c.Context(), c.Actor(), f)
	if err != nil {
		return err
	}
	counts, err := d.Board.CertificateCounts(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	searched := len(values) > 0
	p := Page{Tab: f.Tab, Query: query(c), Empty: page.Empty{Title: c.T("certificates.empty."+string(f.Tab), nil)}}
	if searched {
		p.Tab, p.Empty = "found", page.Empty{Title: c.T("certificates.empty", nil), Text: c.T("certificates.empty.text", nil)}
	}
	for _, row := range rows.Rows {
		p.Lines = append(p.Lines, Line{row, status(c, issuance.State(row.State), row.NotAfter, d.Now())})
	}
	for _, t := range board.CertificateTabs {
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("certificates.tab."+string(t), nil), URL: page.With("/certificates", nil, "tab", string(t)),
			Count: page.Count(counts[t].N, counts[t].More), Current: t == f.Tab && !searched,
		})
	}
	for _, beside := range []string{"revocations", "crl"} {
		p.Tabs = append(p.Tabs, page.Tab{Word: c.T("certificates.beside."+beside, nil), URL: "/certificates/" + beside})
	}
	total := counts[f.Tab]
	if searched {
		total = board.Count{N: len(p.Lines), More: rows.Next != ""}
	} else {
		values.Set("tab", string(f.Tab))
	}
	p.Pager = page.Pager{Shown: len(p.Lines), Size: len(p.Lines), Total: total.N, Capped: total.More}
	if rows.Next != "" {
		p.Pager.Next = page.With("/certificates", values, "after", rows.Next)
	}
	if f.After != "" {
		p.Pager.Prev = page.With("/certificates", values)
	}
	return c.Render("certificates/list", p)
}

// filter reads the query; values are those of its fields that look for something.
func filter(c *page.Ctx) (board.CertificateFilter, url.Values) {
	f := board.CertificateFilter{
		Tab: board.CertificateTab(c.Query("tab")), Holder: strings.TrimSpace(c.Query("holder")),
		OrgNumber: strings.ToUpper(strings.TrimSpace(c.Query("org"))), After: c.Query("after"), Limit: c.QueryInt("size", 20),
	}
	number := strings.Join(strings.Fields(c.Query("number")), "")
	if number != "" {
		if serials, err := cert.ParseSerial(number); err == nil {
			for _, s := range serials {
				f.Serial = append(f.Serial, string(s))
			}
		}
		f.Medium = strings.ToUpper(number)
	}
	values := url.Values{}
	for k, v := range map[string]string{"number": number, "holder": f.Holder, "org": f.OrgNumber} {
		if v != "" {
			values.Set(k, v)
		}
	}
	return f, values
}

func query(c *page.Ctx) page.Query {
	return page.Query{Action: "/certificates", Fields: []page.QueryField{
		{Name: "number", Label: c.T("certificates.number", nil), Kind: "text", Value: c.Query("number"), Placeholder: c.T("certificates.number.hint", nil)},
		{Name: "holder", Label: c.T("certificates.holder", nil), Kind: "text", Value: c.Query("holder"), Placeholder: c.T("certificates.holder.hint", nil)},
		{Name: "org", Label: c.T("certificates.org", nil), Kind: "text", Value: c.Query("org"), Placeholder: c.T("certificates.org.hint", nil)},
	}}
}

// soon is from when on an end is pointed out.
const soon = 30 * 24 * time.Hour

// status says how a pair stands; its end counts only while nothing else has ended it.
func status(c *page.Ctx, s issuance.State, end, now time.Time) page.Status {
	switch {
	case s == issuance.Revoked:
		return page.Status{Tone: page.Bad, Word: c.T("certificates.state.revoked", nil)}
	case s == issuance.Held:
		return page.Status{Tone: page.Locked, Word: c.T("certificates.state.held", nil)}
	case s == issuance.Renewed || s == issuance.Superseded:
		return page.Status{Tone: page.Closed, Word: c.T("certificates.state."+string(s), nil)}
	case now.After(end):
		return page.Status{Tone: page.Warn, Word: c.T("certificates.state.expired", nil)}
	case end.Sub(now) < soon:
		return page.Status{Tone: page.Warn, Word: c.T("certificates.state.soon", map[string]any{"days": int(end.Sub(now).Hours()) / 24})}
	}
	return page.Status{Tone: page.OK, Word: c.T("certificates.state.active", nil)}
}

// Half is one certificate of a pair on its page.
type Half struct {
	Kind  cert.Kind
	Facts issuance.Facts
	Usage string // in words
	File  string
}

// Detail is one pair.
type Detail struct {
	Serial    string // of the sign certificate
	Holder    string
	OrgNumber string
	Medium    string
	Status    page.Status
	Successor string
	Halves    []Half
	Chain     page.Status
	ChainFile string
	Authority *issuance.Facts
	Family    []Kin
	Revoke    string // address of the form; "" where the reader may not revoke it
	Revoking  string // address of the revocation that is under way, done or failed
}

// Kin is one generation of a certificate's family.
type Kin struct {
	board.Generation
	Status  page.Status
	Current bool
}

func (d Deps) show(c *page.Ctx) error {
	v, err := d.Flow.ViewCertificate(c.Context(), c.Actor(), c.Param("serial"))
	if err != nil {
		return unknown(err)
	}
	if own := string(v.Sign.Serial); own != c.Param("serial") {
		return c.Redirect("/certificates/"+own, "") // one address for a pair, however it was asked for
	}
	p := Detail{
		Serial: string(v.Sign.Serial), Holder: v.Holder, OrgNumber: v.OrgIDNumber, Medium: v.MediumNo,
		Status: status(c, v.State, v.NotAfter(), d.Now()), Successor: string(v.SuccessorSerial), Authority: v.Authority,
	}
	at := "/certificates/" + p.Serial + "/files/"
	p.Halves = append(p.Halves, half(c, cert.Sign, v.SignFacts, at))
	if v.EncFacts.Serial != "" {
		p.Halves = append(p.Halves, half(c, cert.Enc, v.EncFacts, at))
	}
	switch {
	case v.Authority == nil:
		p.Chain = page.Status{Tone: page.NotYet, Word: c.T("certificates.chain.foreign", nil)}
	case v.Chain != nil:
		p.Chain, p.ChainFile = page.Status{Tone: page.Bad, Word: c.T("certificates.chain.broken", nil)}, at+"chain"
	default:
		p.Chain, p.ChainFile = page.Status{Tone: page.OK, Word: c.T("certificates.chain.holds", nil)}, at+"chain"
	}
	for _, g := range v.Family {
		p.Family = append(p.Family, Kin{g, status(c, issuance.State(g.State), g.NotAfter, d.Now()), g.PairID == v.ID})
	}
	id, err := d.Flow.RevocationOf(c.Context(), c.Actor(), v.ID)
	if err != nil {
		return err
	}
	if id != uuid.Nil {
		p.Revoking = "/certificates/revocations/" + id.String()
	} else if c.Actor().Can(rbac.CertificateRevoke) && v.Authority != nil && v.State != issuance.Revoked {
		p.Revoke = "/certificates/" + p.Serial + "/revoke"
	}
	return c.Render("certificates/show", p)
}

func half(c *page.Ctx, kind cert.Kind, f issuance.Facts, at string) Half {
	words := make([]string, 0, len(f.Usage))
	for _, u := range f.Usage {
		words = append(words, c.T("certificates.usage."+u, nil))
	}
	return Half{Kind: kind, Facts: f, Usage: strings.Join(words, c.T("certificates.and", nil)), File: at + string(kind)}
}

func (d Deps) file(c *page.Ctx) error {
	body, err := d.Flow.CertificateFile(c.Context(), c.Actor(), c.Param("serial"), c.Param("what"))
	if err != nil {
		return unknown(err)
	}
	return c.Bytes("application/x-pem-file", c.Param("serial")+"-"+c.Param("what")+".pem", body)
}

// unknown makes a serial that cannot be one a page that is not there: it came from an address, not from a form.
func unknown(err error) error {
	if fault.Is(err, fault.Invalid) {
		return fault.New(fault.NotFound, "serial_unknown", nil)
	}
	return err
}
