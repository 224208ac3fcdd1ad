package orders

import (
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/ui/page"
)

// Paper is one paper with its tab; of the one that is shown also its page and where the others are.
type Paper struct {
	ID      uuid.UUID
	Key     int // the digit that opens it
	Kind    document.Kind
	Version int
	Renewed bool // sent again for this submission
	State   page.Status
	Reason  string // why it was returned
	Pages   int
	SM3     string
	URL     string // of its tab
	Current bool

	Images document.Images
	Page   int
	Image  string
	Wide   bool   // as wide as the pane, to be scrolled, instead of the whole page
	Whole  string // URLs of the two sizes and of the neighbouring pages
	Width  string
	Prev   string
	Next   string
	// Crops shows signature and stamp enlarged beside the page: our own form has them in a known place.
	Crops bool
}

// Ready reports whether there is an image to show.
func (p Paper) Ready() bool { return p.Images == document.ImagesReady }

// Failed reports that no image can be made of the file.
func (p Paper) Failed() bool { return p.Images == document.ImagesFailed }

// papers lists the papers in force and chooses the one that the URL names, else the first.
func papers(c *page.Ctx, v flow.Case, round int) ([]Paper, *Paper) {
	base := "/orders/" + v.Order.No
	out := make([]Paper, 0, len(v.Papers))
	chosen := 0
	for i, doc := range v.Papers {
		out = append(out, Paper{
			ID: doc.ID, Key: i + 1, Kind: doc.Kind, Version: doc.Version, Renewed: round > 1 && doc.Version > 1, Pages: doc.Pages,
			SM3: doc.SM3, State: paperState(c, doc), Reason: doc.ReturnedReason, URL: page.With(base, nil, "paper", doc.ID.String()), Images: doc.Images,
		})
		if c.Query("paper") == doc.ID.String() {
			chosen = i
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	out[chosen].show(base, c.QueryInt("page", 1), c.Query("fit") == "width")
	return out, &out[chosen]
}

// show fills what only the shown paper has.
func (p *Paper) show(base string, n int, wide bool) {
	p.Current, p.Wide, p.Page = true, wide, 1
	if n >= 1 && n <= p.Pages {
		p.Page = n
	}
	p.Image = base + "/papers/" + p.ID.String() + "/" + strconv.Itoa(p.Page)
	if wide {
		p.Image += "?size=" + string(document.Large)
	}
	p.Crops = p.Kind == document.ApplicationForm && p.Page == p.Pages && p.Ready() && !wide
	to := func(n int, wide bool) string {
		values := url.Values{"paper": {p.ID.String()}}
		if n > 1 {
			values.Set("page", strconv.Itoa(n))
		}
		if wide {
			values.Set("fit", "width")
		}
		return page.With(base, values)
	}
	p.Whole, p.Width = to(p.Page, false), to(p.Page, true)
	if p.Page > 1 {
		p.Prev = to(p.Page-1, wide)
	}
	if p.Page < p.Pages {
		p.Next = to(p.Page+1, wide)
	}
}

func paperState(c *page.Ctx, doc document.Document) page.Status {
	s := page.Status{Tone: page.NotYet, Word: c.T("paper."+string(doc.State), nil)}
	switch doc.State {
	case document.Accepted:
		s.Tone = page.OK
	case document.Returned:
		s.Tone = page.Back
	case document.Uploaded, document.Superseded:
	}
	return s
}
