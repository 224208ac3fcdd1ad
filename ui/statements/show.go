package statements

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/rbac"
	"caconsole/reconcile"
	"caconsole/reconcile/format"
	"caconsole/ui/page"
)

// pageRows is how many rows of a file one page shows.
const pageRows = 100

// Line is one row of a file as the page shows it: a booking, or a row that could not be read.
type Line struct {
	Row     int
	When    string
	Payer   string
	Account string
	In, Out string
	Balance string
	Text    string
	Status  page.Status
	Broken  bool   // the balance does not follow from the row before
	Reason  string // why it was rejected
}

// Show is the page of one file.
type Show struct {
	ID       string
	FileName string
	Branch   string
	Account  string
	State    page.Status
	Facts    []Fact
	Broken   page.Banner // a fact of the file that does not hold; empty Title if all do
	Tabs     []page.Tab
	Lines    []Line
	Empty    page.Empty
	Pager    page.Pager
	New      int
	Known    int
	Twins    int
	Rejected int
	In, Out  money.Fen // of the lines a commit takes in
	// MayCommit offers the commit; Waits says in words why it is not offered.
	MayCommit bool
	Waits     string
}

func (d Deps) show(c *page.Ctx) error {
	id, err := batchID(c)
	if err != nil {
		return err
	}
	contents, err := d.Flow.Ledger.Open(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	judged, err := d.Flow.Ledger.Judge(c.Context(), contents)
	if err != nil {
		return err
	}
	s := summary(c, contents, judged)
	gap, err := d.gap(c, contents.Batch, s.Known)
	if err != nil {
		return err
	}
	s.Facts = append(facts(c, contents), gap)
	s.fill(c, contents, judged)
	return c.Render("statements/show", s)
}

// summary counts what a commit would take in, and says whether it may.
func summary(c *page.Ctx, contents reconcile.Contents, judged []reconcile.Judged) Show {
	b := contents.Batch
	s := Show{
		ID: b.ID.String(), FileName: b.FileName, Branch: b.Account.Branch, Account: tail(b.Account.No),
		State: status(c, string(b.State)), Rejected: b.Rejected,
		Empty: page.Empty{Title: c.T("statements.lines.empty", nil), Small: true},
	}
	for _, j := range judged {
		switch j.Verdict {
		case reconcile.IsKnown:
			s.Known++
			continue
		case reconcile.IsTwin:
			s.Twins++
		case reconcile.IsNew, reconcile.IsAside:
		}
		s.New++
		if j.Direction == format.In {
			s.In += j.Amount
		} else {
			s.Out += j.Amount
		}
	}
	s.Broken = broken(c, contents)
	switch {
	case b.State == reconcile.Committed:
		s.Waits = c.T("statements.waits.committed", map[string]any{"at": b.CommittedAt})
	case b.State != reconcile.Checked:
		s.Waits = c.T("statements.waits.draft", nil)
	case !c.Actor().Can(rbac.StatementImport):
		s.Waits = c.T("statements.waits.permission", nil)
	default:
		s.MayCommit = true
	}
	return s
}

// broken names the first fact that does not hold, and the row to look at.
func broken(c *page.Ctx, contents reconcile.Contents) page.Banner {
	res := contents.Result
	switch {
	case res.ChainOK != nil && !*res.ChainOK:
		args := map[string]any{"row": res.ChainBreak, "gap": abs(res.ChainGap)}
		return page.Banner{Tone: page.Bad, Title: c.T("statements.broken.chain", args), Text: c.T("statements.broken.way", nil), Link: toRow(c, contents)}
	case len(res.Rejected) > 0:
		args := map[string]any{"rows": len(res.Rejected), "row": res.Rejected[0].Row}
		return page.Banner{Tone: page.Bad, Title: c.T("statements.broken.rows", args), Text: c.T("statements.broken.way", nil), Link: toRow(c, contents)}
	case res.TotalsOK != nil && !*res.TotalsOK:
		return page.Banner{Tone: page.Bad, Title: c.T("statements.broken.totals", nil), Text: c.T("statements.broken.way", nil)}
	}
	return page.Banner{}
}

// toRow leads to the page and row where the first thing is wrong.
func toRow(c *page.Ctx, contents reconcile.Contents) page.Link {
	res := contents.Result
	at := res.ChainBreak
	if len(res.Rejected) > 0 && (at == 0 || res.Rejected[0].Row <= at) {
		at = res.Rejected[0].Row
	}
	before := 0
	for _, l := range res.Lines {
		if l.Row < at {
			before++
		}
	}
	from := ""
	if before >= pageRows {
		from = strconv.Itoa(before / pageRows * pageRows)
	}
	path := page.With("/statements/"+contents.Batch.ID.String(), nil, "from", from)
	return page.Link{Word: c.T("statements.broken.go", map[string]any{"row": at}), URL: path + "#row-" + strconv.Itoa(at)}
}

// tabs of a file's rows.
const (
	tabAll      = ""
	tabNew      = "new"
	tabKnown    = "known"
	tabTwin     = "twin"
	tabRejected = "rejected"
)

// fill puts the rows of the chosen tab and page in.
func (s *Show) fill(c *page.Ctx, contents reconcile.Contents, judged []reconcile.Judged) {
	tab := c.Query("tab")
	path := "/statements/" + s.ID
	for _, t := range []struct {
		name  string
		count int
	}{
		{tabAll, len(judged) + s.Rejected},
		{tabNew, s.New},
		{tabKnown, s.Known},
		{tabTwin, s.Twins},
		{tabRejected, s.Rejected},
	} {
		word := t.name
		if word == tabAll {
			word = "all"
		}
		s.Tabs = append(s.Tabs, page.Tab{
			Word: c.T("statements.tab."+word, nil), URL: page.With(path, nil, "tab", t.name), Count: page.Count(t.count, false), Current: tab == t.name,
		})
	}
	lines := s.lines(c, contents, judged, tab)
	from := min(max(0, c.QueryInt("from", 0)), len(lines))
	to := min(from+pageRows, len(lines))
	s.Lines = lines[from:to]
	values := url.Values{}
	if tab != tabAll {
		values.Set("tab", tab)
	}
	s.Pager = page.Pager{Shown: to - from, Page: from/pageRows + 1, Size: pageRows, Total: len(lines)}
	if from > 0 {
		s.Pager.Prev = page.With(path, values, "from", strconv.Itoa(max(0, from-pageRows)))
	}
	if to < len(lines) {
		s.Pager.Next = page.With(path, values, "from", strconv.Itoa(to))
	}
}

// lines merges bookings and rejected rows in the order of the file.
func (s *Show) lines(c *page.Ctx, contents reconcile.Contents, judged []reconcile.Judged, tab string) []Line {
	var out []Line
	for _, j := range judged {
		isNew := j.Verdict != reconcile.IsKnown
		if (tab == tabNew && !isNew) || (tab == tabKnown && isNew) || (tab == tabTwin && j.Verdict != reconcile.IsTwin) || tab == tabRejected {
			continue
		}
		out = append(out, booking(c, j, contents.Result.ChainBreak))
	}
	if tab == tabAll || tab == tabRejected {
		for _, r := range contents.Result.Rejected {
			args := map[string]any{"column": r.Column, "value": r.Value}
			out = append(out, Line{
				Row: r.Row, Status: page.Status{Tone: page.Bad, Word: c.T("statements.verdict.rejected", nil)}, Reason: c.T("statements."+r.Reason, args),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(a.Row, b.Row) })
	return out
}

func booking(c *page.Ctx, j reconcile.Judged, brokenRow int) Line {
	l := Line{
		Row: j.Row, When: stamp(j.BookedAt), Payer: j.PayerName, Account: tail(j.PayerAccount), Text: j.Text,
		Status: verdict(c, j), Broken: j.Row == brokenRow,
	}
	if j.Direction == format.In {
		l.In = j.Amount.Grouped()
	} else {
		l.Out = j.Amount.Grouped()
	}
	if j.Balance != nil {
		l.Balance = j.Balance.Grouped()
	}
	return l
}

// verdict says what a commit does with a line; the kind of a line that is put aside says more than that it is.
func verdict(c *page.Ctx, j reconcile.Judged) page.Status {
	switch {
	case j.Verdict == reconcile.IsKnown:
		return page.Status{Tone: page.NotYet, Word: c.T("statements.verdict.known", nil)}
	case j.Verdict == reconcile.IsTwin:
		return page.Status{Tone: page.Warn, Word: c.T("statements.verdict.twin", nil)}
	case j.Kind == format.Return:
		return page.Status{Tone: page.Back, Word: c.T("statements.kind.return", nil)}
	case j.Verdict == reconcile.IsAside && j.Kind != format.Transfer:
		return page.Status{Tone: page.Closed, Word: c.T("statements.kind."+string(j.Kind), nil)}
	case j.Verdict == reconcile.IsAside:
		return page.Status{Tone: page.Closed, Word: c.T("statements.verdict.aside", nil)}
	}
	return page.Status{Tone: page.OK, Word: c.T("statements.verdict.new", nil)}
}

// stamp writes a booking time of the reader as screens have it.
func stamp(s string) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return page.Beijing(t).Format(time.DateTime)
	}
	return s
}

// gap compares the opening balance with the closing one of the batch before.
func (d Deps) gap(c *page.Ctx, b reconcile.Batch, known int) (Fact, error) {
	word, none := c.T("statements.gap", nil), c.T("statements.gap.none", nil)
	prev, err := d.Flow.Ledger.Previous(c.Context(), b)
	switch {
	case fault.HasKey(err, "statement_first"):
		return fact(word, c.T("statements.gap.first", nil), "", c.T("statements.gap.first.text", nil)), nil
	case err != nil:
		return Fact{}, err
	case known > 0:
		return fact(word, none, page.OK, c.T("statements.gap.overlap", map[string]any{"rows": known})), nil
	case prev.Closing == nil || b.Opening == nil:
		return fact(word, "—", "", c.T("statements.gap.unknown", nil)), nil
	case *prev.Closing == *b.Opening:
		return fact(word, none, page.OK, c.T("statements.gap.joins", nil)), nil
	}
	differs := c.T("statements.gap.differs", map[string]any{"fen": abs(*b.Opening - *prev.Closing)})
	return fact(word, differs, page.Warn, c.T("statements.gap.differs.text", nil)), nil
}

func abs(f money.Fen) money.Fen {
	if f < 0 {
		return -f
	}
	return f
}

// describe names the container and layout: xlsx · CMB A.
func describe(b reconcile.Batch) string {
	return strings.TrimSpace(b.Container + " · " + b.Bank + " " + b.Variant)
}
