package app

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// menuFigures are the numbers beside the lines of the menu, each for those who may open the line.
var menuFigures = []struct {
	path, permission string
	figure           board.Figure
}{
	{"/queue", rbac.QueueView, board.ToReview},
	{"/matching", rbac.MatchingView, board.Unmatched},
	{"/issuance", rbac.IssuanceView, board.ToIssue},
	{"/invoices", rbac.InvoiceView, board.InvoicesFailed},
}

// countsLife is how old the numbers of the menu may be: every page asks for them.
const countsLife = 3 * time.Second

// counts keeps the numbers of the frame for a moment, a person at a time.
type counts struct {
	board *board.Board
	keys  func(ctx context.Context, a actor.Actor) (map[string]int, error)
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	kept map[uuid.UUID]keptCounts
}

type keptCounts struct {
	at     time.Time
	counts page.Counts
}

// of returns a person's numbers. Where they cannot be read there are none: a page does not fail for the sake of its frame.
func (c *counts) of(ctx context.Context, a actor.Actor) page.Counts {
	now := c.now()
	c.mu.Lock()
	k, ok := c.kept[a.ID]
	c.mu.Unlock()
	if ok && now.Sub(k.at) < countsLife {
		return k.counts
	}
	out := page.Counts{Menu: map[string]int{}}
	var asked []board.Figure
	for _, m := range menuFigures {
		if a.Can(m.permission) {
			asked = append(asked, m.figure)
		}
	}
	found, err := c.board.Figures(ctx, a, asked)
	if err != nil {
		c.log.WarnContext(ctx, "menu counts not read", "error", err)
	}
	for _, m := range menuFigures {
		if n, ok := found[m.figure]; ok {
			out.Menu[m.path] = n.N
		}
	}
	waiting, err := c.keys(ctx, a)
	if err != nil {
		c.log.WarnContext(ctx, "menu counts not read", "error", err)
	}
	maps.Copy(out.Menu, waiting)
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, old := range c.kept {
		if now.Sub(old.at) >= countsLife {
			delete(c.kept, id)
		}
	}
	c.kept[a.ID] = keptCounts{now, out}
	return out
}
