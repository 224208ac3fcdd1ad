package pg

import (
	"context"
	"errors"
	"time"
)

// restartPause is how long a server that keeps ending by itself is left alone between two starts.
const restartPause = time.Second

var errStopped = errors.New("the cluster was stopped")

// watch starts the server again whenever it has ended by itself: killed for want of memory, stopped by hand. Whoever
// uses it sees its connections break and makes new ones.
func (c *Cluster) watch(s *server, opt ClusterOptions, start func() (*server, error)) {
	ctx := context.Background()
	for {
		<-s.done
		next, err := c.replace(start)
		switch {
		case errors.Is(err, errStopped):
			return
		case err != nil:
			opt.Logger.ErrorContext(ctx, "private database ended and does not start", "error", err, "last_words", lastWords(c.place.log()))
		default:
			opt.Logger.WarnContext(ctx, "private database ended by itself and was started again", "how", s.cmd.ProcessState.String())
			s = next
		}
		time.Sleep(restartPause)
	}
}

// replace starts a server in the place of one that has ended; errStopped after Stop.
func (c *Cluster) replace(start func() (*server, error)) (*server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, errStopped
	}
	s, err := start()
	if err != nil {
		return nil, err
	}
	c.server = s
	return s, nil
}
