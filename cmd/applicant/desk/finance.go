package desk

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// keepBooks imports the next statement, else settles the next credit that is beyond doubt.
func keepBooks(ctx context.Context, c *clerk) (bool, error) {
	file, err := c.house.inbox.take(c.Login)
	if err != nil {
		return false, err
	}
	if file != "" {
		done := false
		c.house.begin()
		defer c.house.end(&done)
		if err := c.importFile(ctx, file); err != nil {
			c.house.inbox.back(file)
			return false, err
		}
		done = true
		return true, nil
	}
	return c.matchOne(ctx)
}

// importFile uploads a statement, looks at what it holds and commits it. What the console will not have is said and
// left alone.
func (c *clerk) importFile(ctx context.Context, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read statement: %w", err)
	}
	p, err := c.open(ctx, "/statements")
	if err != nil {
		return err
	}
	f := p.form("/statements")
	if f == nil {
		return fmt.Errorf("%w: no form to upload statements", errForbidden)
	}
	f.files["file"] = upload{name: filepath.Base(file), body: body}
	if p, err = c.send(ctx, f, "/statements"); err != nil {
		return err
	}
	if p.status == http.StatusConflict {
		c.log.InfoContext(ctx, "statement not taken", "file", file, "said", p.said())
		return nil
	}
	if p.status != http.StatusOK {
		c.log.WarnContext(ctx, "statement refused", "file", file, "status", p.status, "said", p.said())
		c.house.inbox.refuse(file, c.Login)
		return nil
	}
	commit := p.at.Path + "/commit"
	if f = p.form(commit); f == nil {
		c.log.InfoContext(ctx, "statement not to be committed", "file", file, "page", p.at.Path, "said", text(one(p.root, tag(atom.Div, "card-foot"))))
		return nil
	}
	if p, err = c.send(ctx, f, commit); err != nil {
		return err
	}
	if p.status != http.StatusOK {
		c.log.WarnContext(ctx, "statement not committed", "file", file, "status", p.status, "said", p.said())
		return nil
	}
	c.log.InfoContext(ctx, "statement imported", "file", file, "said", p.said())
	c.house.count(func(t *Tally) { t.Imported++ })
	return nil
}

// matchOne settles one credit whose suggestion is exact. A credit that is not is looked at again only after a while,
// by anybody: what is missing may come.
func (c *clerk) matchOne(ctx context.Context) (bool, error) {
	bench, err := c.open(ctx, "/matching")
	if err != nil {
		return false, err
	}
	list := one(bench.root, tag(atom.Ul, "credits"))
	if list == nil {
		return false, nil
	}
	for _, a := range all(list, func(n *html.Node) bool { return n.DataAtom == atom.A && hasAttr(n, "data-open") }) {
		ref := attr(a, "href")
		if !c.house.look(ref) {
			continue
		}
		p, err := c.open(ctx, ref)
		if err != nil {
			return false, err
		}
		if exact(p) {
			return c.allocate(ctx, p)
		}
	}
	return false, nil
}

// own is how long a new credit is left to the console's own matching.
const own = 5 * time.Second

// look reports whether a credit is due to be looked at, and notes that it is.
func (h *house) look(credit string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bench == nil {
		h.bench = map[string]time.Time{}
	}
	now := h.opt.Now()
	due, known := h.bench[credit]
	switch {
	case !known:
		h.bench[credit] = now.Add(own)
		return false
	case now.Before(due):
		return false
	}
	h.bench[credit] = now.Add(patience)
	return true
}

// exact reports whether the console's own suggestion leaves nothing open: the chosen candidate was found by the console,
// nothing speaks against it, the credit is used up and the order paid in full.
func exact(p *page) bool {
	if p.form(allocations) == nil {
		return false
	}
	chosen := one(one(p.root, tag(atom.Ol, "candidates")), tag(atom.Li, "sel"))
	if chosen == nil || one(chosen, tag(atom.Span, "chip-against")) != nil || one(chosen, tag(atom.Span, "chip-for")) == nil {
		return false
	}
	sums := one(p.root, tag(atom.Div, "allocation"))
	cells := all(sums, tag(atom.Td, "num"))
	left := one(one(sums, tag(atom.Div, "confirm")), tag(atom.B, "amount"))
	return len(cells) == 3 && zero(text(cells[2])) && zero(text(left))
}

// zero reports whether a text is an amount of nothing.
func zero(amount string) bool {
	return amount != "" && strings.Trim(amount, "¥0.-— ") == ""
}

// allocations is where a credit is given to an order.
const allocations = "/matching/allocations"

func (c *clerk) allocate(ctx context.Context, p *page) (done bool, err error) {
	c.house.begin()
	defer c.house.end(&done)
	f := p.form(allocations)
	no := f.values.Get("no")
	if p, err = c.send(ctx, f, allocations); err != nil {
		return false, err
	}
	if p.status != http.StatusOK {
		c.log.InfoContext(ctx, "credit not taken", "order", no, "status", p.status, "said", p.said())
		return false, nil
	}
	c.log.InfoContext(ctx, "matched by hand", "order", no)
	c.house.count(func(t *Tally) { t.Matched++ })
	return true, nil
}
