package home

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/board"
)

// FromBoard reads the numbers of the lists an actor may open.
func FromBoard(b *board.Board) func(context.Context, actor.Actor) (Desk, error) {
	return func(ctx context.Context, a actor.Actor) (Desk, error) {
		var asked []board.Figure
		for _, l := range append(figures[:len(figures):len(figures)], checks...) {
			if a.Can(l.permission) {
				asked = append(asked, board.Figure(l.number))
			}
		}
		found, err := b.Figures(ctx, a, asked)
		if err != nil {
			return Desk{}, err
		}
		d := Desk{Numbers: make(map[Number]board.Count, len(found))}
		for f, n := range found {
			d.Numbers[Number(f)] = n
		}
		return d, nil
	}
}
