package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/job"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// TelecomCheckArgs asks the carriers about an order's agent (运营商三要素).
type TelecomCheckArgs struct {
	OrderNo string `json:"order_no"`
	Try     int    `json:"try"` // from 0
}

// Kind names the job for River.
func (TelecomCheckArgs) Kind() string { return "telecom_check" }

// An answer that says nothing (查无·不可用) is asked for again; after the last try it stays 待核, for a person.
const (
	telecomTries = 3
	telecomAgain = 15 * time.Minute
)

// TelecomCheck asks whether the agent's name, ID number and phone belong together and moves the telecom gate: 不一致
// blocks, 待核 never does. A carrier that is down counts as 待核 until it answers. Nobody is asked about the agent of an
// order that is over.
func (f *Flow) TelecomCheck(ctx context.Context, args TelecomCheckArgs) error {
	a := actor.Job("telecom_check")
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, args.OrderNo)
	if err != nil || !wanted(o.Gates) {
		return err
	}
	agent, _, err := f.Orders.Persons(ctx, q, o.ID)
	if err != nil {
		return err
	}
	vendor, cancel := context.WithTimeout(ctx, vendorTime)
	defer cancel()
	check, err := f.TelecomVendor.Check(vendor, agent.Name, agent.IDNumber, agent.Phone)
	if err != nil {
		check = identity.Check{Outcome: identity.Unknown, Code: fault.Of(err).Key}
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.setTelecom(ctx, tx, a, o.No, agent, check); err != nil {
			return err
		}
		if check.Outcome != identity.Unknown || args.Try+1 >= telecomTries {
			return nil
		}
		again := TelecomCheckArgs{OrderNo: args.OrderNo, Try: args.Try + 1}
		return f.Jobs.Enqueue(ctx, tx, again, job.At(f.Now().Add(telecomAgain)))
	})
}

// setTelecom keeps an answer about an agent and moves the gate, unless the order is past caring: closed, at the signer, or
// with another agent, about whom another check was asked for.
func (f *Flow) setTelecom(ctx context.Context, tx pg.Tx, a actor.Actor, no string, asked order.Person, check identity.Check) error {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return err
	}
	agent, _, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if asked.Email = agent.Email; asked != agent { // no carrier knows mailboxes
		return nil
	}
	if err := f.Identities.AddCheck(ctx, tx, o.ID, check); err != nil {
		return err
	}
	g := o.Gates
	if !wanted(g) || atSigner(g) || g.Telecom == order.State(check.Outcome) {
		return nil
	}
	_, err = f.Orders.Change(ctx, tx, a, no, "telecom."+string(check.Outcome), func(g *order.Gates) error {
		g.Telecom = order.State(check.Outcome)
		return g.TouchContent()
	})
	if err != nil {
		return err
	}
	return f.voidApproval(ctx, tx, o)
}
