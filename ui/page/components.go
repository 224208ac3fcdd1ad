package page

import (
	"net/url"
	"strconv"

	"caconsole/admin/fault"
)

// The tones of a status: each is a glyph, and a colour for those who see it.
const (
	Progress = "progress" // ring: in progress
	NotYet   = "none"     // dashed ring: not started
	OK       = "ok"       // check: passed
	Back     = "back"     // arrow back: returned
	Bad      = "bad"      // cross: rejected, failed
	Closed   = "closed"   // dash: over, without a verdict
	Warn     = "warn"     // triangle: needs attention
	Locked   = "lock"     // lock: blocked
)

var glyphs = map[string]string{
	Progress: "progress", NotYet: "circle-dashed", OK: "check", Back: "arrow-back-up", Bad: "x", Closed: "minus",
	Warn: "alert-triangle", Locked: "lock",
}

// Status is a glyph and a word: {{template "status" .}} in lists, {{template "tag" .}} in heads.
type Status struct {
	Tone string
	Word string
}

// Glyph names the icon of the tone.
func (s Status) Glyph() string {
	if g, ok := glyphs[s.Tone]; ok {
		return g
	}
	return glyphs[NotYet]
}

// On is a component's value together with the frame, for components that hold a form: {{template "masked" (on $ .Phone)}}.
type On struct {
	Page  *Page
	Value any
}

// Tab is one of {{template "tabs" .Data.Tabs}}. Words are already in the reader's language.
type Tab struct {
	Word    string
	URL     string
	Count   string // "128", "1000+"; "" shows none
	Current bool
}

// Empty says why there is nothing and what comes next: {{template "empty" .Data.Empty}}.
type Empty struct {
	Title  string
	Text   string
	Small  bool // inside a small card
	Links  []Link
	Footer string
}

// Link is a word and where it leads.
type Link struct {
	Word string
	URL  string
}

// Banner states a fact about the page with at most one action: {{template "banner" .}}.
type Banner struct {
	Tone  string // "", OK, Warn or Bad
	Title string
	Text  string
	Link  Link
}

// Icon names the banner's glyph.
func (b Banner) Icon() string {
	switch b.Tone {
	case OK:
		return "check"
	case Warn, Bad:
		return "alert-triangle"
	}
	return "info-circle"
}

// Figure is one number of {{template "figures" .Data.Figures}}.
type Figure struct {
	Word  string
	Value string
	Hint  string
	Tone  string // "", OK, Warn or Bad
	URL   string // the filtered list behind the number; "" for none
}

// Step is one line of a course of events: {{template "steps" .Data.Steps}}.
type Step struct {
	Status
	Text string
	When string
}

// Chip is a reason: OK counts for, Bad against, NotYet is missing. {{template "chip" .}}
type Chip = Status

// Query is the form above a list, a plain GET, so that the URL is the state: {{template "query" .Data.Query}}.
type Query struct {
	Action string
	Hidden map[string]string // kept over a new query: the tab
	Fields []QueryField
}

// QueryField is one input of a query form. Kind is "text", "select" or "date"; Placeholder shows in an empty text.
type QueryField struct {
	Name        string
	Label       string
	Kind        string
	Value       string
	Placeholder string
	Options     []Choice
}

// Choice is one option of a select; the template adds 全部 with an empty value.
type Choice struct {
	Value string
	Word  string
}

// Pager leads through a keyset list: {{template "pager" .Data.Pager}}. Total is a capped count, so no page of the list
// ever counts a whole table.
type Pager struct {
	Shown  int    // rows on this page
	Page   int    // 1 for the first; 0 where it is not known
	Size   int    // rows a full page has
	Total  int    // rows in all, or the cap
	Capped bool   // there are more than Total
	Prev   string // URL, "" on the first page
	Next   string // URL, "" on the last page
}

// From and To number the rows of this page.
func (p Pager) From() int { return max(0, p.Page-1)*p.Size + min(1, p.Shown) }

// To is the number of the last row of this page.
func (p Pager) To() int { return max(0, p.Page-1)*p.Size + p.Shown }

// Count writes a capped count: "128", or "1,000+".
func Count(total int, capped bool) string {
	if capped {
		return number(total) + "+"
	}
	return number(total)
}

// CountText is the pager's total.
func (p Pager) CountText() string { return Count(p.Total, p.Capped) }

// With returns a path whose query has some values set, or removed where the value is "": pairs of name and value.
func With(path string, values url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range values {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// Masked is personal data that is shown by its mask, and in clear only after a reason was given:
// {{template "masked" (on $ .Data.Phone)}}. Action receives POST field=Field and reason=<key>; its handler renders
// {{template "revealed" .}} under the id ID.
type Masked struct {
	ID     string // of the element, unique on the page
	Mask   string // what the server sends
	Field  string
	Action string // "" where the reader may not reveal: only the mask is shown
	Clear  string // set in the answer to a reveal
}

// RevealReasons are the reasons a reveal may have; the catalogue has "reveal.<reason>".
var RevealReasons = []string{"check", "call", "complaint", "audit"}

// Reasons lists RevealReasons for the template.
func (Masked) Reasons() []string { return RevealReasons }

// Confirm is a dialog for what cannot be undone: {{template "confirm" (on $ .Data.Reject)}}, opened by a link to #ID.
// It works without a script, being shown by its fragment.
type Confirm struct {
	ID     string
	Title  string // the act with its amount
	Body   string // the consequence
	Action string // POST
	Hidden map[string]string
	// Type asks for typed digits under the field name "typed", e.g. the last four of an order number; "" asks none.
	Type   string
	Button string
	Bad    bool // red fill
}

// FieldError returns the sentence for a refused field of the form on this page, or "".
func (p *Page) FieldError(name string) string {
	if p.Problem == nil {
		return ""
	}
	for _, f := range p.Problem.fields {
		if f.Name == name {
			return p.text(f.Key, f.Args)
		}
	}
	return ""
}

// problem is a refused form.
type problem struct {
	Sentence string
	Count    int
	fields   []fault.Field
}

// Counted is the head of a refused form with several wrong fields.
func (p *problem) Counted() string { return strconv.Itoa(p.Count) }
