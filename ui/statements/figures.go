package statements

import (
	"slices"

	"caconsole/admin/money"
	"caconsole/reconcile"
	"caconsole/reconcile/format"
	"caconsole/ui/page"
)

// Fact is one control fact of a file with its proof.
type Fact struct {
	Word  string
	Value string
	Proof page.Status // without a tone where the file says nothing to prove it
}

// facts are the control facts of a file.
func facts(c *page.Ctx, contents reconcile.Contents) []Fact {
	b, res := contents.Batch, contents.Result
	out := []Fact{
		fact(c.T("statements.file", nil), describe(b), "", c.T("statements.file.header", map[string]any{"row": b.HeaderRow})),
		proved(c, res, "statements.rows", page.Count(b.Total, false), "record_count"),
		proved(c, res, "statements.in", yuan(b.In), "in_fen", "in_count"),
		proved(c, res, "statements.out", yuan(b.Out), "out_fen", "out_count"),
	}
	return append(out, closing(c, b), chain(c, res))
}

func fact(word, value, tone, proof string) Fact {
	return Fact{Word: word, Value: value, Proof: page.Status{Tone: tone, Word: proof}}
}

func closing(c *page.Ctx, b reconcile.Batch) Fact {
	word := c.T("statements.closing", nil)
	switch {
	case b.Closing == nil:
		return fact(word, "—", "", c.T("statements.unstated", nil))
	case b.Opening == nil:
		return fact(word, yuan(*b.Closing), "", "")
	}
	return fact(word, yuan(*b.Closing), "", c.T("statements.opening", map[string]any{"fen": *b.Opening}))
}

func chain(c *page.Ctx, res *format.Result) Fact {
	word := c.T("statements.chain", nil)
	switch {
	case res.ChainOK == nil:
		return fact(word, "—", "", c.T("statements.unstated", nil))
	case *res.ChainOK:
		return fact(word, c.T("statements.chain.whole", nil), page.OK, c.T("statements.chain.proof", nil))
	}
	return fact(word, c.T("statements.chain.broken", nil), page.Bad, c.T("statements.chain.row", map[string]any{"row": res.ChainBreak}))
}

// proved is a figure with the file's own statement of it, if it makes one.
func proved(c *page.Ctx, res *format.Result, word, value string, names ...string) Fact {
	f := fact(c.T(word, nil), value, "", c.T("statements.unstated", nil))
	for _, t := range res.Totals {
		if !slices.Contains(names, t.Name) {
			continue
		}
		if !t.OK() {
			stated := page.Count(int(t.Stated), false)
			if t.Name == "in_fen" || t.Name == "out_fen" {
				stated = yuan(money.Fen(t.Stated))
			}
			f.Proof = page.Status{Tone: page.Bad, Word: c.T("statements.disproved", map[string]any{"stated": stated})}
			return f
		}
		f.Proof = page.Status{Tone: page.OK, Word: c.T("statements.proved", nil)}
	}
	return f
}

// yuan writes an amount where no table head names the unit.
func yuan(f money.Fen) string { return "¥" + f.Grouped() }
