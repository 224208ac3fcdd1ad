package board_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/order"
)

// lists are the lists and the counts above them; the counts are counted, none is remembered.
func lists(brd *board.Board, anew func() *board.Board) []measure {
	var out []measure
	for _, tab := range board.QueueTabs {
		out = append(out, queueOf("queue "+string(tab), brd, everyone, board.QueueFilter{Tab: tab}))
	}
	out = append(out, queueOf("queue of a small project", brd, one, board.QueueFilter{Tab: board.TabAll}),
		measure{"queue counts", func(ctx context.Context) error { _, err := anew().QueueCounts(ctx, everyone); return err }},
		ordersOf("orders", brd, everyone, board.OrderFilter{}),
		ordersOf("orders of a small project", brd, one, board.OrderFilter{}))
	for _, stage := range []order.Stage{order.StageDone, order.StageClosed, order.StagePapers, order.StageRefunding} {
		out = append(out, ordersOf("orders "+string(stage), brd, everyone, board.OrderFilter{Stage: stage}))
	}
	for _, tab := range board.IssueTabs {
		out = append(out, measure{"issuance " + string(tab), func(ctx context.Context) error { _, err := brd.Issues(ctx, everyone, tab, ""); return err }})
	}
	for _, tab := range board.InvoiceTabs {
		out = append(out, invoicesOf("invoices "+string(tab), brd, board.InvoiceFilter{Tab: tab}))
	}
	for _, tab := range board.MatchTabs {
		out = append(out, creditsOf("matching "+string(tab), brd, board.MatchFilter{Tab: tab, Limit: 50}))
	}
	return append(out,
		measure{"menu counts", func(ctx context.Context) error {
			_, err := anew().Figures(ctx, everyone, []board.Figure{board.ToReview, board.Unmatched, board.ToIssue, board.InvoicesFailed})
			return err
		}},
		measure{"issuance counts", func(ctx context.Context) error { _, err := anew().IssueCounts(ctx, everyone); return err }},
		measure{"invoices counts", func(ctx context.Context) error { _, err := anew().InvoiceCounts(ctx, everyone); return err }},
		measure{"matching counts", func(ctx context.Context) error { _, err := anew().MatchCounts(ctx, everyone); return err }},
		measure{"statements", func(ctx context.Context) error { _, err := brd.Statements(ctx, everyone, "", 20); return err }})
}

// searches are what people type: frequent words, rare ones, words that nothing has; and pages far from the first.
func searches(b *testing.B, brd *board.Board) []measure {
	b.Helper()
	const frequent, rare, none = "科技", "鼋汀", "龘靐"
	var deep string
	first, err := brd.Orders(b.Context(), everyone, board.OrderFilter{Limit: 100})
	require.NoError(b, err)
	for range 50 {
		p, err := brd.Orders(b.Context(), everyone, board.OrderFilter{Limit: 100, After: deep})
		require.NoError(b, err)
		deep = p.Next
	}
	inQueue, err := brd.Queue(b.Context(), everyone, board.QueueFilter{Tab: board.TabAll, Limit: 100})
	require.NoError(b, err)
	out := []measure{
		ordersOf("orders page 250", brd, everyone, board.OrderFilter{After: deep}),
		queueOf("queue all page 6", brd, everyone, board.QueueFilter{Tab: board.TabAll, After: inQueue.Next}),
		ordersOf("orders by number", brd, everyone, board.OrderFilter{No: first.Rows[7].No}),
		ordersOf("orders by name and stage", brd, everyone, board.OrderFilter{Holder: frequent, Stage: order.StageTransfer}),
		ordersOf("orders by rare name and stage", brd, everyone, board.OrderFilter{Holder: rare, Stage: order.StageDone}),
		ordersOf("orders by name in a small project", brd, one, board.OrderFilter{Holder: frequent}),
		creditsOf("matching by amount", brd, board.MatchFilter{Tab: board.TabAuto, Text: "123.45", Limit: 50}),
		creditsOf("matching by amount none has", brd, board.MatchFilter{Tab: board.TabAuto, Text: "9.99", Limit: 50}),
	}
	for kind, word := range map[string]string{"frequent": frequent, "rare": rare, "unknown": none} {
		out = append(out,
			ordersOf("orders by "+kind+" name", brd, everyone, board.OrderFilter{Holder: word}),
			queueOf("queue by "+kind+" name", brd, everyone, board.QueueFilter{Tab: board.TabAll, Holder: word}),
			invoicesOf("invoices by "+kind+" name", brd, board.InvoiceFilter{Tab: board.InvoiceAll, Title: word}),
			creditsOf("matching by "+kind+" name", brd, board.MatchFilter{Tab: board.TabAuto, Text: word, Limit: 50}))
	}
	return append(out, lookups(brd, first.Rows[7])...)
}

// lookups are the hotline's questions.
func lookups(brd *board.Board, known board.OrderLine) []measure {
	name := []rune(known.Holder)
	var out []measure
	for kind, l := range map[string]board.Lookup{
		"number": {No: known.No}, "phone": {PhoneIndex: make([]byte, 16)}, "organisation": {OrgNumber: "911100000000000000"},
		"serial": {Serial: "100100000007000000"}, "medium": {Medium: "3888000000777"}, "company": {Holder: known.Holder},
		"first two characters": {Holder: string(name[:2])}, "unknown company": {Holder: "龘靐"}, "rare characters": {Holder: "鼋汀"},
	} {
		out = append(out, measure{"hotline by " + kind, func(ctx context.Context) error { _, err := brd.Find(ctx, everyone, l); return err }})
	}
	return out
}

func queueOf(name string, brd *board.Board, a actor.Actor, f board.QueueFilter) measure {
	return measure{name, func(ctx context.Context) error { _, err := brd.Queue(ctx, a, f); return err }}
}

func ordersOf(name string, brd *board.Board, a actor.Actor, f board.OrderFilter) measure {
	return measure{name, func(ctx context.Context) error { _, err := brd.Orders(ctx, a, f); return err }}
}

func invoicesOf(name string, brd *board.Board, f board.InvoiceFilter) measure {
	return measure{name, func(ctx context.Context) error { _, err := brd.Invoices(ctx, everyone, f); return err }}
}

func creditsOf(name string, brd *board.Board, f board.MatchFilter) measure {
	return measure{name, func(ctx context.Context) error {
		_, err := brd.Credits(ctx, everyone, f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}}
}
