package home

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/board"
)

// FromBoard reads the numbers of the lists an actor may open.
func FromBoard(b *board.Board) func(context.Context, actor.Actor) (Desk, error) {
	return func(ctx context.Context, a actor.Actor) (Desk, error) {
		d := Desk{Numbers: map[Number]board.Count{}}
		for _, l := range append(figures[:len(figures):len(figures)], checks...) {
			if !a.Can(l.permission) {
				continue
			}
			n, err := b.Count(ctx, a, board.Figure(l.number))
			if err != nil {
				return Desk{}, err
			}
			d.Numbers[l.number] = n
		}
		return d, nil
	}
}
