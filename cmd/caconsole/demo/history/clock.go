package history

import (
	"sync/atomic"
	"time"
)

// Clock shows the time of the past that is being played. It only goes forward.
type Clock struct{ at atomic.Int64 }

// NewClock makes a clock that shows a moment.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.set(at)
	return c
}

// Now is the time shown.
func (c *Clock) Now() time.Time { return time.Unix(0, c.at.Load()).UTC() }

func (c *Clock) set(at time.Time) { c.at.Store(max(c.at.Load(), at.UnixNano())) }
