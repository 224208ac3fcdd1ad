// Package invoices is finance's screen of invoices: state, delivery by channel, and sending again what failed.
package invoices

import (
	"embed"
	"net/url"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct {
	Flow  *flow.Flow
	Board *board.Board
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("invoices", files)
	r.Get("/invoices", rbac.InvoiceView, d.list)
	r.Get("/invoices/:id/file", rbac.InvoiceView, d.file)
	r.Post("/invoices/:id/resend", rbac.InvoiceResend, d.resend)
	r.Post("/invoices/:id/retry", rbac.InvoiceResend, d.retry)
}

// Line is one invoice of the list.
type Line struct {
	board.InvoiceLine
	Status page.Status
	SMS    page.Status
	Mail   page.Status
	URL    string
	Chosen bool
}

// Delivery is one message of the chosen invoice.
type Delivery struct {
	board.Delivery
	Status    page.Status
	Answer    string // what the channel said, in words where they are ours
	MayResend bool   // the newest of its channel, and not on its way
	Failed    bool
}

// Detail is the chosen invoice.
type Detail struct {
	board.InvoiceDetail
	Status     page.Status
	Answer     string // what the vendor said last, in words where they are ours
	Deliveries []Delivery
	MayRetry   bool
	MayResend  bool
	Issued     bool
}

// Page is the screen.
type Page struct {
	Tab    board.InvoiceTab
	Tabs   []page.Tab
	Query  page.Query
	Lines  []Line
	Pager  page.Pager
	Empty  page.Empty
	Detail *Detail
}

func (d Deps) list(c *page.Ctx) error {
	f := board.InvoiceFilter{Tab: board.InvoiceTab(c.Query("tab")), No: c.Query("no"), Title: c.Query("title"), After: c.Query("after")}
	if !slices.Contains(board.InvoiceTabs, f.Tab) {
		f.Tab = board.InvoiceAll
	}
	rows, err := d.Board.Invoices(c.Context(), c.Actor(), f)
	if err != nil {
		return err
	}
	counts, err := d.Board.InvoiceCounts(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	values := url.Values{"tab": {string(f.Tab)}}
	for k, v := range map[string]string{"no": f.No, "title": f.Title} {
		if v != "" {
			values.Set(k, v)
		}
	}
	p := d.page(c, f, counts)
	chosen := c.Query("id")
	for _, row := range rows.Rows {
		if chosen == "" {
			chosen = row.ID.String()
		}
		p.Lines = append(p.Lines, Line{
			InvoiceLine: row, Status: status(c, invoice.State(row.State)), SMS: sent(c, notify.State(row.SMS)), Mail: sent(c, notify.State(row.Mail)),
			URL: page.With("/invoices", values, "id", row.ID.String()), Chosen: row.ID.String() == chosen,
		})
	}
	p.Pager = page.Pager{Shown: len(p.Lines), Size: len(p.Lines), Total: counts[f.Tab].N, Capped: counts[f.Tab].More}
	if rows.Next != "" {
		p.Pager.Next = page.With("/invoices", values, "after", rows.Next)
	}
	if f.After != "" {
		p.Pager.Prev = page.With("/invoices", values)
	}
	if chosen != "" {
		if p.Detail, err = d.detail(c, chosen); err != nil {
			return err
		}
	}
	return c.Render("invoices/list", p)
}

func (d Deps) page(c *page.Ctx, f board.InvoiceFilter, counts map[board.InvoiceTab]board.Count) Page {
	p := Page{
		Tab: f.Tab, Empty: page.Empty{Title: c.T("invoices.empty."+string(f.Tab), nil), Text: c.T("invoices.empty.text", nil)},
		Query: page.Query{Action: "/invoices", Hidden: map[string]string{"tab": string(f.Tab)}, Fields: []page.QueryField{
			{Name: "no", Label: c.T("invoices.no", nil), Kind: "text", Value: f.No},
			{Name: "title", Label: c.T("invoices.buyer", nil), Kind: "text", Value: f.Title},
		}},
	}
	for _, t := range board.InvoiceTabs {
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("invoices.tab."+string(t), nil), URL: page.With("/invoices", nil, "tab", string(t)),
			Count: page.Count(counts[t].N, counts[t].More), Current: t == f.Tab,
		})
	}
	return p
}

func (d Deps) detail(c *page.Ctx, chosen string) (*Detail, error) {
	id, err := uuid.Parse(chosen)
	if err != nil {
		return nil, fault.New(fault.NotFound, "invoice_unknown", nil)
	}
	inv, err := d.Board.Invoice(c.Context(), c.Actor(), id)
	if err != nil {
		return nil, err
	}
	state := invoice.State(inv.State)
	may := c.Actor().Can(rbac.InvoiceResend)
	out := &Detail{
		InvoiceDetail: inv, Status: status(c, state), Answer: answer(c, inv.LastError), MayResend: may && state != invoice.RedLettered,
		MayRetry: may && state == invoice.Failed, Issued: state == invoice.Issued || state == invoice.RedLettered,
	}
	newest := map[string]bool{}
	for _, m := range inv.Deliveries {
		state := notify.State(m.State)
		line := Delivery{
			Delivery: m, Status: sent(c, state), Answer: answer(c, m.LastError), Failed: state == notify.Failed || state == notify.Unknown,
		}
		line.MayResend = may && !newest[m.Channel] && state != notify.Queued && state != notify.Sending
		newest[m.Channel] = true
		out.Deliveries = append(out.Deliveries, line)
	}
	return out, nil
}

// ours are the reasons that admin/invoice and admin/notify give in a word of their own; all else is what a vendor said.
var ours = []string{
	"address", "amount_differs", "message_unreported", "not_accepted", "template_not_configured", "too_late", "vendor_not_reached",
	"vendor_unavailable",
}

// smtpCode is a mail server's refusal; its words may quote the mailbox and are not kept.
var smtpCode = regexp.MustCompile(`^5[0-9]{2}$`)

func answer(c *page.Ctx, reason string) string {
	switch {
	case slices.Contains(ours, reason):
		return c.T("invoices.answer."+reason, nil)
	case smtpCode.MatchString(reason):
		return c.T("invoices.answer.smtp", map[string]any{"code": reason})
	}
	return reason
}

func status(c *page.Ctx, s invoice.State) page.Status {
	out := page.Status{Tone: page.Progress, Word: c.T("invoices.state."+string(s), nil)}
	switch s {
	case invoice.Issued:
		out.Tone = page.OK
	case invoice.Failed:
		out.Tone = page.Bad
	case invoice.Cancelled, invoice.RedLettered:
		out.Tone = page.Closed
	case invoice.Requested, invoice.Issuing:
	}
	return out
}

func sent(c *page.Ctx, s notify.State) page.Status {
	if s == "" {
		return page.Status{}
	}
	out := page.Status{Tone: page.Progress, Word: c.T("message."+string(s), nil)}
	switch s {
	case notify.Sent, notify.Delivered:
		out.Tone = page.OK
	case notify.Failed:
		out.Tone = page.Bad
	case notify.Unknown:
		out.Tone = page.Warn
	case notify.Queued, notify.Sending:
	}
	return out
}

// file sends the invoice's PDF; the view is on record.
func (d Deps) file(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "invoice_unknown", nil)
	}
	inv, pdf, err := d.Flow.InvoiceFile(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return c.Bytes("application/pdf", inv.Number+".pdf", pdf)
}

func (d Deps) resend(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	message, messageErr := uuid.Parse(c.Form("message"))
	if err != nil || messageErr != nil {
		return fault.New(fault.NotFound, "message_unknown", nil)
	}
	if err := d.Flow.ResendInvoice(c.Context(), c.Actor(), id, message); err != nil {
		return err
	}
	return c.Redirect(page.With("/invoices", nil, "id", id.String()), "invoices.resent")
}

func (d Deps) retry(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "invoice_unknown", nil)
	}
	if err := d.Flow.RetryInvoice(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return c.Redirect(page.With("/invoices", nil, "id", id.String()), "invoices.retried")
}
