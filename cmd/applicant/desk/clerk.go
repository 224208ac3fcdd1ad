package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// clerk is one person at the desk.
type clerk struct {
	Member
	*browser
	house     *house
	trade     func(context.Context, *clerk) (worked bool, err error)
	codeStep  int64                // time step of the last one-time code
	leftovers bool                 // there may be cases claimed and not decided
	together  int                  // how many orders an issuer confirms at once; 0 is as many as may be
	put       map[string]time.Time // what was refused, and when it may be tried again
}

// errLoggedOut says that the session is over.
var errLoggedOut = errors.New("logged out")

// loginTries is how often somebody tries to log in before the desk asks what is wrong. The first code may have been used
// by an earlier run.
const loginTries = 4

// work logs in and works until ctx ends.
func (c *clerk) work(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	c.house.sit()
	for ctx.Err() == nil {
		began := c.house.opt.Now()
		worked, err := c.trade(ctx, c)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errLoggedOut):
			if err := c.enter(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			c.log.WarnContext(ctx, "could not work", "error", err)
			c.leftovers = true
		}
		rest := c.house.opt.Poll
		if worked {
			rest = c.house.opt.Pace - c.house.opt.Now().Sub(began)
		}
		if err := sleep(ctx, max(rest, 0)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// enter logs in. Each code is good once: the next one is waited for where needed.
func (c *clerk) enter(ctx context.Context) error {
	for try := 1; ; try++ {
		used, err := c.logIn(ctx, c.Member, c.house.opt.Now, c.codeStep)
		c.codeStep = used
		if err == nil {
			c.leftovers, c.put = true, map[string]time.Time{}
			c.log.InfoContext(ctx, "logged in", "roles", c.Roles)
			return nil
		}
		if !errors.Is(err, errRefused) || try == loginTries {
			return fmt.Errorf("%s: %w", c.Login, err)
		}
		c.log.WarnContext(ctx, "not let in, waiting for the next code", "error", err)
	}
}

// open opens a page that this person may see.
func (c *clerk) open(ctx context.Context, ref string) (*page, error) {
	p, err := c.get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return p, c.seen(p)
}

// send submits a form, signed where the console asks for it. A form that came too late or that somebody else made pointless is no error here: the page says so.
func (c *clerk) send(ctx context.Context, f *form, action string) (*page, error) {
	if err := c.signed(ctx, f, action); err != nil {
		return nil, err
	}
	p, err := c.submit(ctx, f, action)
	if err != nil {
		return nil, err
	}
	return p, c.seen(p)
}

func (c *clerk) seen(p *page) error {
	switch {
	case p.at.Path == "/login", p.status == http.StatusUnauthorized:
		return errLoggedOut
	case p.status == http.StatusForbidden:
		return fmt.Errorf("%w: %s: %s", errForbidden, p.at.Path, p.said())
	}
	return nil
}

// patience is how long something refused is left alone.
const patience = 20 * time.Second

// putOff leaves something alone for a while.
func (c *clerk) putOff(what string) { c.put[what] = c.house.opt.Now().Add(patience) }

// isPutOff reports whether something was put off.
func (c *clerk) isPutOff(what string) bool { return c.house.opt.Now().Before(c.put[what]) }
