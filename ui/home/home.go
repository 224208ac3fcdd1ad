// Package home is the first screen after the log-in: the few numbers and links each role works from, and what must
// be empty on a good day.
package home

import (
	"context"
	"embed"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Number names one number of the screen.
type Number string

// The numbers. Those from SettledNotInvoiced on must be 0; the screen says so.
const (
	ToReview             Number = "to_review"              // orders waiting for review
	Mine                 Number = "mine"                   // claimed by the actor
	DueSoon              Number = "due_soon"               // review deadline within 30 minutes
	Returned             Number = "returned"               // waiting for the applicant's papers
	Transfers            Number = "transfers"              // orders waiting for their transfer
	Unmatched            Number = "unmatched"              // credits not matched yet
	ToIssue              Number = "to_issue"               // approved, waiting for the issuer
	ToUpdate             Number = "to_update"              // issued, not yet updated by the driver
	InvoicesOpen         Number = "invoices_open"          // requested and not issued
	InvoicesFailed       Number = "invoices_failed"        // failed or not delivered
	RedBlocked           Number = "red_blocked"            // red letters a person has to look at
	RefundTasks          Number = "refund_tasks"           // transfers to be paid back, refunds a vendor refused
	RevocationsToCheck   Number = "revocations_to_check"   // one has signed, another has to
	Undecided            Number = "undecided"              // issued and not updated for 30 days
	SettledNotInvoiced   Number = "settled_not_invoiced"   // for more than 24 h
	RefundedNotRed       Number = "refunded_not_red"       // money back before the invoice
	OpenNotSigned        Number = "open_not_signed"        // all gates open for more than 15 min
	SignedNotSettled     Number = "signed_not_settled"     //
	AuthorisedNotUpdated Number = "authorised_not_updated" // for more than 7 days
	ListLate             Number = "list_late"              // the revocation list is about to run out
	SignerBlocked        Number = "signer_blocked"         // it waits for its key officers or does not answer, for more than 30 s
	JournalFindings      Number = "journal_findings"       // database, journal and revocation list disagree
)

// line says what a number means: who works from it and where it leads.
type line struct {
	number     Number
	permission string
	url        string
	tone       string // of a number above 0
}

var figures = []line{
	{ToReview, rbac.QueueView, "/queue", ""},
	{Mine, rbac.QueueView, "/queue?tab=mine", ""},
	{DueSoon, rbac.QueueView, "/queue?tab=due", page.Warn},
	{Returned, rbac.QueueView, "/orders?stage=returned", ""},
	{Unmatched, rbac.MatchingView, "/matching", page.Warn},
	{Transfers, rbac.MatchingView, "/orders?stage=transfer", ""},
	{InvoicesOpen, rbac.InvoiceView, "/invoices", ""},
	{InvoicesFailed, rbac.InvoiceView, "/invoices?tab=failed", page.Bad},
	{RedBlocked, rbac.InvoiceView, "/refunds", page.Bad},
	{RefundTasks, rbac.InvoiceView, "/refunds?tab=refund_task", ""},
	{ToIssue, rbac.IssuanceView, "/issuance", ""},
	{ToUpdate, rbac.IssuanceView, "/orders?stage=update", ""},
	{RevocationsToCheck, rbac.CertificateRevoke, "/certificates/revocations", page.Warn},
	{Undecided, rbac.UpdateDecide, "/updates", page.Warn},
}

var checks = []line{
	{SettledNotInvoiced, rbac.InvoiceView, "/invoices?tab=late", page.Bad},
	{RefundedNotRed, rbac.InvoiceView, "/orders?stage=closed", page.Bad},
	{OpenNotSigned, rbac.IssuanceView, "/issuance?tab=late", page.Bad},
	{SignedNotSettled, rbac.IssuanceView, "/issuance?tab=unsettled", page.Bad},
	{AuthorisedNotUpdated, rbac.HotlineView, "/orders?stage=update", page.Bad},
	{ListLate, rbac.CertificateView, "/certificates/crl", page.Bad},
	{SignerBlocked, rbac.SignerView, "/signer", page.Bad},
	{JournalFindings, rbac.SignerView, "/signer", page.Bad},
}

// Task is one thing that waits for this person: an order handed over, a paper sent again.
type Task struct {
	Kind string // catalogue "home.task.<kind>"
	No   string // order number
	Text string // the company
	At   time.Time
	URL  string
}

// Desk is what the database knows for one person. A number that is missing is not shown.
type Desk struct {
	Numbers map[Number]board.Count
	Tasks   []Task
}

// Deps are what the screen works with.
type Deps struct {
	// Desk reads the numbers of the lists the actor may open. It is asked on every view.
	Desk func(ctx context.Context, a actor.Actor) (Desk, error)
}

// Routes adds the screen, and sends "/" to it.
func Routes(r *page.Router, d Deps) {
	r.Templates("home", files)
	r.Get("/", page.LoggedIn, func(c *page.Ctx) error { return c.Redirect("/home", "") })
	r.Get("/home", rbac.HomeView, d.show)
}

// Screen is the page.
type Screen struct {
	Now      time.Time
	Weekday  int
	Figures  []page.Figure
	Backlog  []Bar
	Checks   []Check
	AllZero  bool
	Tasks    []Task
	Shortcut []Shortcut
	MayClaim bool
	MaySeek  bool
}

// Bar is one line of the backlog.
type Bar struct {
	Word  string
	Count string
	N     int
	Of    int // the longest bar
	URL   string
}

// Check is a list that must be empty.
type Check struct {
	page.Status
	Count string
	URL   string
}

// Shortcut leads to a screen the person works on.
type Shortcut struct {
	Word string
	Text string
	Icon string
	URL  string
}

func (d Deps) show(c *page.Ctx) error {
	desk, err := d.Desk(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	return c.Render("home/home", screen(c, desk))
}

func screen(c *page.Ctx, desk Desk) Screen {
	now := page.Beijing(c.Now())
	s := Screen{
		Now: c.Now(), Weekday: int(now.Weekday()), Tasks: desk.Tasks, AllZero: true,
		MayClaim: c.Actor().Can(rbac.CaseClaim), MaySeek: c.Actor().Can(rbac.HotlineView), Shortcut: shortcuts(c),
	}
	for _, l := range figures {
		n, ok := desk.Numbers[l.number]
		if !ok || !c.Actor().Can(l.permission) {
			continue
		}
		f := page.Figure{Word: word(c, l), Value: page.Count(n.N, n.More), Hint: c.T("home."+string(l.number)+".hint", nil), URL: l.url}
		if n.N > 0 {
			f.Tone = l.tone
		}
		s.Figures = append(s.Figures, f)
		s.Backlog = append(s.Backlog, Bar{Word: f.Word, Count: f.Value, N: n.N, URL: l.url})
	}
	longest := 1
	for _, b := range s.Backlog {
		longest = max(longest, b.N)
	}
	for i := range s.Backlog {
		s.Backlog[i].Of = longest
	}
	s.Checks, s.AllZero = lists(c, desk)
	return s
}

// lists are the mismatch lists this person can do something about, and whether all are empty.
func lists(c *page.Ctx, desk Desk) (out []Check, allZero bool) {
	allZero = true
	for _, l := range checks {
		n, ok := desk.Numbers[l.number]
		if !ok || !c.Actor().Can(l.permission) {
			continue
		}
		check := Check{Status: page.Status{Tone: page.OK, Word: word(c, l)}, Count: page.Count(n.N, n.More), URL: l.url}
		if n.N > 0 {
			check.Tone, allZero = l.tone, false
		}
		out = append(out, check)
	}
	return out, allZero
}

func word(c *page.Ctx, l line) string { return c.T("home."+string(l.number), nil) }

// doors are the screens a role begins its day on.
var doors = []struct{ name, permission, icon, url string }{
	{"queue", rbac.QueueView, "list-check", "/queue"},
	{"statements", rbac.StatementImport, "file-import", "/statements"},
	{"matching", rbac.MatchingAllocate, "cash-banknote", "/matching"},
	{"invoices", rbac.InvoiceView, "receipt", "/invoices"},
	{"issuance", rbac.IssuanceView, "certificate", "/issuance"},
	{"hotline", rbac.HotlineView, "headset", "/hotline"},
	{"audit", rbac.AuditView, "shield-check", "/audit"},
	{"staff", rbac.StaffView, "user-cog", "/staff"},
}

func shortcuts(c *page.Ctx) []Shortcut {
	var out []Shortcut
	for _, d := range doors {
		if c.Actor().Can(d.permission) && c.Opens(d.url) {
			out = append(out, Shortcut{Word: c.T("menu."+d.name, nil), Text: c.T("home.door."+d.name, nil), Icon: d.icon, URL: d.url})
		}
	}
	return out
}
