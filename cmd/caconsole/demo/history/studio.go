package history

import (
	"context"
	"runtime"
	"sync"
)

// studio draws papers on all processors while the past is played. What is needed at once goes before what will be
// needed.
type studio struct {
	queues [2]chan func()
	done   sync.WaitGroup
}

// The urgencies of a drawing.
const (
	atOnce = iota
	ahead
)

func openStudio(ctx context.Context, most int) *studio {
	s := &studio{}
	for i := range s.queues {
		s.queues[i] = make(chan func(), most)
	}
	for range runtime.NumCPU() {
		s.done.Go(func() { s.work(ctx) })
	}
	return s
}

func (s *studio) work(ctx context.Context) {
	for {
		task := s.next(ctx)
		if task == nil {
			return
		}
		task()
	}
}

// next waits for the most urgent task; nil when the studio closes.
func (s *studio) next(ctx context.Context) func() {
	select {
	case t := <-s.queues[atOnce]:
		return t
	default:
	}
	select {
	case t := <-s.queues[atOnce]:
		return t
	case t := <-s.queues[ahead]:
		return t
	case <-ctx.Done():
		return nil
	}
}

// drawing is a picture that is being drawn.
type drawing struct {
	ready chan struct{}
	bytes []byte
	err   error
}

// draw has a picture drawn.
func (s *studio) draw(urgency int, do func() ([]byte, error)) *drawing {
	d := &drawing{ready: make(chan struct{})}
	s.queues[urgency] <- func() {
		defer close(d.ready)
		d.bytes, d.err = do()
	}
	return d
}

// wait returns the picture once it is there.
func (d *drawing) wait(ctx context.Context) ([]byte, error) {
	select {
	case <-d.ready:
		return d.bytes, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
