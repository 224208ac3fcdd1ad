// Package audit is the auditor's screen: whether the trail holds, and what it says. There is nothing to delete here, and
// looking is on record too.
package audit

import (
	"embed"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	trail "caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct{ Flow *flow.Flow }

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("audit", files)
	r.Get("/audit", rbac.AuditView, d.list)
	r.Post("/audit/verify", rbac.AuditVerify, d.verify)
}

// Record is one entry as the page shows it.
type Record struct {
	trail.Record
	Status  page.Status
	Nth     string // its number, "" while it has none
	When    string
	Who     string // name and number of staff, else what the entry says
	Act     string // in words; empty where there are none for it
	URL     string
	Chosen  bool
	Changes []Change // gates and fields that moved
	Facts   []Fact
}

// Change is one thing before and after.
type Change struct{ Word, From, To string }

// Fact is one detail of an entry.
type Fact struct{ Word, Value string }

// Page is the list with one entry beside it, and the result of a verification where one was asked for.
type Page struct {
	Query    page.Query
	Records  []Record
	Entry    *Record // nil where the list is empty
	Pager    page.Pager
	Empty    page.Empty
	Report   *trail.Report
	Verdict  page.Banner
	MayCheck bool
}

const pageSize = 50

func (d Deps) list(c *page.Ctx) error { return d.render(c, nil) }

// verify recomputes the trail and shows the result above the list.
func (d Deps) verify(c *page.Ctx) error {
	report, err := d.Flow.VerifyAudit(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	return d.render(c, &report)
}

func (d Deps) render(c *page.Ctx, report *trail.Report) error {
	f, values, err := filter(c)
	if err != nil {
		return err
	}
	f.Limit = pageSize + 1
	records, err := d.Flow.AuditTrail(c.Context(), c.Actor(), f)
	if err != nil {
		return err
	}
	p := Page{
		Report: report, Query: query(c), MayCheck: c.Actor().Can(rbac.AuditVerify),
		Empty: page.Empty{Title: c.T("audit.empty", nil), Text: c.T("audit.empty.text", nil)},
	}
	if report != nil {
		p.Verdict = verdict(c, *report)
	}
	if len(records) > pageSize {
		records = records[:pageSize]
		p.Pager.Next = page.With("/audit", values, "before", encode(*records[pageSize-1].Cursor()))
	}
	p.Pager.Shown, p.Pager.Size, p.Pager.Total = len(records), pageSize, len(records)
	p.Pager.Capped = p.Pager.Next != ""
	if f.Before != nil {
		p.Pager.Prev = page.With("/audit", values)
	}
	if err := d.fill(c, &p, records, values); err != nil {
		return err
	}
	return c.Render("audit/audit", p)
}

// fill adds the records and chooses the one the URL names, else the first.
func (d Deps) fill(c *page.Ctx, p *Page, records []trail.Record, values url.Values) error {
	staff, err := d.Flow.Staff.List(c.Context())
	if err != nil {
		return err
	}
	names := make(map[string]string, len(staff))
	for _, m := range staff {
		names[m.Login] = m.Name + " " + m.No
	}
	chosen := 0
	for i, r := range records {
		out := record(c, r, names)
		out.URL = page.With("/audit", values, "before", c.Query("before"), "entry", r.ID.String())
		if c.Query("entry") == r.ID.String() {
			chosen = i
		}
		p.Records = append(p.Records, out)
	}
	if len(p.Records) > 0 {
		p.Entry = &p.Records[chosen]
		p.Entry.Chosen = true
	}
	return nil
}

func verdict(c *page.Ctx, r trail.Report) page.Banner {
	args := map[string]any{
		"entries": page.Count(int(r.Entries), false), "checkpoint": r.Checkpoint.Number, "key": r.KeyID, "found": r.Found, "first": r.FirstBad(),
	}
	if r.OK() {
		return page.Banner{Tone: page.OK, Title: c.T("audit.holds", nil), Text: c.T("audit.holds.text", args)}
	}
	return page.Banner{Tone: page.Bad, Title: c.T("audit.broken", args), Text: c.T("audit.broken.text", args)}
}

func query(c *page.Ctx) page.Query {
	text := func(name string) page.QueryField {
		return page.QueryField{Name: name, Label: c.T("audit."+name, nil), Kind: "text", Value: c.Query(name), Placeholder: c.T("audit."+name+".hint", nil)}
	}
	return page.Query{Action: "/audit", Fields: []page.QueryField{text("actor"), text("action"), text("object"), {
		Name: "outcome", Label: c.T("audit.outcome", nil), Kind: "select", Value: c.Query("outcome"),
		Options: []page.Choice{
			{Value: trail.OK, Word: c.T("audit.outcome.ok", nil)},
			{Value: trail.Refused, Word: c.T("audit.outcome.refused", nil)},
			{Value: trail.Failed, Word: c.T("audit.outcome.failed", nil)},
		},
	}}}
}

// filter reads the list's URL; an order number typed alone means the order.
func filter(c *page.Ctx) (trail.Filter, url.Values, error) {
	f := trail.Filter{Actor: c.Query("actor"), Action: c.Query("action"), Object: c.Query("object"), Outcome: c.Query("outcome")}
	if strings.HasPrefix(f.Object, "R") && !strings.Contains(f.Object, ":") {
		f.Object = "order:" + f.Object
	}
	values := url.Values{}
	for _, name := range []string{"actor", "action", "object", "outcome"} {
		if v := c.Query(name); v != "" {
			values.Set(name, v)
		}
	}
	if before := c.Query("before"); before != "" {
		cursor, err := decode(before)
		if err != nil {
			return f, nil, fault.InvalidField("before", "page_unknown")
		}
		f.Before = &cursor
	}
	return f, values, nil
}

func encode(c trail.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.At.UTC().Format(time.RFC3339Nano) + " " + c.ID.String()))
}

func decode(s string) (trail.Cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return trail.Cursor{}, err
	}
	at, id, _ := strings.Cut(string(raw), " ")
	when, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return trail.Cursor{}, err
	}
	key, err := uuid.Parse(id)
	return trail.Cursor{At: when, ID: key}, err
}
