package flow

import (
	"context"
	"regexp"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

// Caller is what the hotline may know about an order: where it stands and how it came there. No papers, no numbers of persons.
type Caller struct {
	Order  order.Order
	Events []order.Event
}

// Caller reads an order for the hotline.
func (f *Flow) Caller(ctx context.Context, a actor.Actor, no string) (Caller, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return Caller{}, err
	}
	events, err := f.Orders.Events(ctx, q, o.ID)
	return Caller{Order: o, Events: events}, err
}

var lastFour = regexp.MustCompile(`^\d{3}[\dXx]$`)

// The hotline may try a caller's digits a few times, so that they cannot be guessed.
const (
	checkTries  = 3
	checkWindow = 10 * time.Minute
)

// CheckCaller compares the last four characters of the agent's ID number with what the caller said. The number itself
// is never shown; every try is audited, and three in ten minutes are allowed for an order (Limited "too_many_attempts").
func (f *Flow) CheckCaller(ctx context.Context, a actor.Actor, no, typed string) (bool, error) {
	if !lastFour.MatchString(typed) {
		return false, fault.InvalidField("last4", "last4_format")
	}
	o, err := f.Orders.Get(ctx, f.DB.Read(ctx), a, no)
	if err != nil {
		return false, err
	}
	if err := f.Throttle.Take(ctx, "caller:"+o.No, checkTries, checkWindow); err != nil {
		return false, err
	}
	agent, _, err := f.Orders.Persons(ctx, f.DB.Read(ctx), o.ID)
	if err != nil {
		return false, err
	}
	number := seal.NormIDNumber(agent.IDNumber.Reveal())
	same := len(number) >= 4 && number[len(number)-4:] == seal.NormIDNumber(typed)
	outcome := audit.OK
	if !same {
		outcome = audit.Refused
	}
	return same, f.Audit.Write(ctx, a, audit.Entry{Action: "hotline.checked", Object: "order:" + o.No, Project: o.ProjectID, Outcome: outcome})
}
