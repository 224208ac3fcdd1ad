package desk

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// review takes the next case, looks at everything in it and decides. It reports false where there is nothing to review.
func review(ctx context.Context, c *clerk) (bool, error) {
	p, err := c.nextCase(ctx)
	if errors.Is(err, errNoCase) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	done := false
	c.house.begin()
	defer c.house.end(&done)
	began := c.house.opt.Now()
	v, err := c.examine(ctx, p)
	if err != nil {
		return false, err
	}
	// Whoever works at a pace thinks before the verdict, not after it.
	if err := sleep(ctx, max(c.house.opt.Pace-c.house.opt.Now().Sub(began), 0)); err != nil {
		return false, err
	}
	done, err = c.decide(ctx, v)
	return true, err
}

// errNoCase says that nothing waits to be decided.
var errNoCase = errors.New("no case waits")

// nextCase opens a case to decide: one left from before, else the next of the queue. errNoCase where there is none.
func (c *clerk) nextCase(ctx context.Context) (*page, error) {
	if c.leftovers || c.resent {
		c.leftovers, c.resent = true, false
		mine, err := c.open(ctx, "/queue?tab=mine")
		if err != nil {
			return nil, err
		}
		for _, row := range all(mine.root, func(n *html.Node) bool { return n.DataAtom == atom.A && hasAttr(n, "data-open") }) {
			ref := attr(row, "href")
			if c.isPutOff(path.Base(ref)) {
				continue
			}
			p, err := c.open(ctx, ref)
			if err == nil && p.form(p.at.Path+"/approve") == nil {
				continue // not mine any more
			}
			return p, err
		}
		c.leftovers = false
	}
	queue, err := c.open(ctx, "/queue")
	if err != nil {
		return nil, err
	}
	f := queue.form("/queue/next")
	if f == nil || one(queue.root, func(n *html.Node) bool { return hasAttr(n, "data-row") }) == nil {
		return nil, errNoCase
	}
	p, err := c.send(ctx, f, "/queue/next")
	if err != nil {
		return nil, err
	}
	if p.at.Path == "/queue" { // a colleague was faster
		return nil, errNoCase
	}
	if p.status != http.StatusOK {
		return nil, fmt.Errorf("claim: %s", p.said())
	}
	c.log.InfoContext(ctx, "claimed", "order", path.Base(p.at.Path))
	return p, nil
}

// verdict is what a reviewer thinks of a case.
type verdict struct {
	page  *page // with the verdict form
	order string
	items []string // "kind:reason" of what goes back; none is approval
}

// examine looks at every page of every paper and at every portrait.
func (c *clerk) examine(ctx context.Context, p *page) (verdict, error) {
	v := verdict{page: p, order: path.Base(p.at.Path)}
	kinds := paperKinds(p)
	company := text(one(p.root, tag(atom.H2, "company")))
	var tabs []string
	for _, a := range all(one(p.root, id("papers")), tag(atom.A)) {
		if a.Parent.DataAtom == atom.Nav {
			tabs = append(tabs, attr(a, "href"))
		}
	}
	for i, tab := range tabs {
		kind := ""
		if i < len(kinds) {
			kind = kinds[i]
		}
		pages, err := c.pages(ctx, tab)
		if err != nil {
			return v, err
		}
		reasons := []string{unreadable}
		if len(pages) > 0 {
			if reasons, err = judge(c.house.opt.Painter, company, kind, pages); err != nil {
				return v, err
			}
		}
		if kind == "" { // staff cannot send this one back
			continue
		}
		for _, reason := range reasons {
			v.items = append(v.items, kind+":"+reason)
		}
	}
	return v, c.faces(ctx, p)
}

// paperKinds are the kinds that can be sent back, in the order of the verdict form, which is that of the tabs.
func paperKinds(p *page) []string {
	f := p.form(p.at.Path + "/return")
	if f == nil {
		return nil
	}
	var out []string
	for _, item := range f.boxes("items") {
		kind, _, _ := strings.Cut(item, ":")
		if !contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// imagePatience is how long page images may take to appear.
const imagePatience = 90 * time.Second

// pages are the images of a paper, page by page; none where no images can be made of it.
func (c *clerk) pages(ctx context.Context, ref string) ([][]byte, error) {
	var out [][]byte
	end := c.house.opt.Now().Add(imagePatience)
	for ref != "" {
		p, err := c.open(ctx, ref)
		if err != nil {
			return nil, err
		}
		papers := one(p.root, id("papers"))
		sheet := one(papers, tag(atom.Figure, "paper"))
		if sheet == nil {
			if waiting := one(papers, func(n *html.Node) bool { return attr(n, "hx-get") != "" && attr(n, "hx-trigger") != "" }); waiting == nil {
				return nil, nil // there will be none
			}
			if c.house.opt.Now().After(end) {
				return nil, fmt.Errorf("%s: no page image in %s", p.at.Path, imagePatience)
			}
			if err := sleep(ctx, c.house.opt.Poll); err != nil {
				return nil, err
			}
			continue
		}
		picture, err := c.image(ctx, attr(one(sheet, tag(atom.Img)), "src"))
		if err != nil {
			return nil, err
		}
		out = append(out, picture)
		next := one(papers, with("data-key", "BracketRight"))
		if ref = ""; next != nil {
			ref = attr(next, "href")
		}
	}
	return out, nil
}

// faces looks at the portraits of the identity check.
func (c *clerk) faces(ctx context.Context, p *page) error {
	for _, n := range all(p.root, tag(atom.Span, "person")) {
		if picture := one(n, tag(atom.Img)); picture != nil {
			if _, err := c.image(ctx, attr(picture, "src")); err != nil {
				return err
			}
		}
	}
	return nil
}

// decide sends the verdict and reports whether it was taken.
func (c *clerk) decide(ctx context.Context, v verdict) (bool, error) {
	at := v.page.at.Path
	action, count := at+"/approve", func(t *Tally) { t.Approved++ }
	f := v.page.form(action)
	if f == nil {
		c.log.InfoContext(ctx, "somebody else was faster", "order", v.order)
		return false, nil
	}
	word := "approved"
	switch {
	case c.rejects(v.order):
		action, word, count = at+"/reject", "rejected", func(t *Tally) { t.Rejected++ }
		f.values.Set("reject_text", "经审核，申请不符合续期条件，订单已驳回。")
		f.values.Set("typed", v.order[max(0, len(v.order)-4):])
	case len(v.items) > 0:
		action, word, count = at+"/return", "returned", func(t *Tally) { t.Returned++ }
		f.values["items"] = v.items
	default:
		f.values["checks"] = f.boxes("checks")
	}
	p, err := c.send(ctx, f, action)
	if err != nil {
		return false, err
	}
	if p.status != http.StatusOK {
		c.log.WarnContext(ctx, "verdict not taken", "order", v.order, "verdict", word, "status", p.status, "said", p.said())
		c.putOff(v.order)
		c.leftovers = true
		return false, nil
	}
	c.log.InfoContext(ctx, "decided", "order", v.order, "verdict", word, "items", v.items)
	c.house.count(count)
	return true, nil
}

// rejects picks the share of orders that are rejected; the same order always falls on the same side.
func (c *clerk) rejects(order string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(order)) // never fails (hash.Hash)
	return float64(h.Sum32()%10_000) < c.house.opt.Reject*10_000
}
