package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"caconsole/admin/audit"
	"caconsole/admin/throttle"
	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/caconsole/app"
	"caconsole/cmd/caconsole/demo/history"
	"caconsole/cmd/caconsole/demo/holder"
	"caconsole/issuance/cert"
)

// houseMonths is how old the demo's house is: its project, its people and its CA.
const houseMonths = 13

// seed makes all data of a demo.
func (d *demo) seed(ctx context.Context) (err error) {
	painter, err := paper.Open("")
	if err != nil {
		return fmt.Errorf("%w: install the Debian package fonts-noto-cjk", err)
	}
	store, err := d.store()
	if err != nil {
		return err
	}
	clock := history.NewClock(d.Now().AddDate(0, -houseMonths, 0))
	h, err := store.Open(ctx, clock.Now, d.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	box, err := outbox.Open(d.path("outbox"))
	if err != nil {
		return err
	}
	return d.populate(ctx, d.past(h, clock, painter, box))
}

// past describes the past to be played, up to this moment; its people and certificates are yet to be made.
func (d *demo) past(h *app.House, clock *history.Clock, artist history.Artist, box *outbox.Box) history.Options {
	return history.Options{
		House: h, Clock: clock, Present: d.Now(), Painter: artist, Outbox: box, PublicURL: app.LocalURL(d.Listen),
		Seller:     history.Seller{Name: sellerName, TaxNo: sellerTaxNo},
		Accounts:   accounts(),
		Statements: d.file("statements"), Log: d.log,
	}
}

// populate makes people, CA and certificates, and plays their past.
func (d *demo) populate(ctx context.Context, past history.Options) (err error) {
	h, now := past.House, past.Clock.Now
	checkpoints, err := h.Ring.CheckpointKey()
	if err != nil {
		return err
	}
	accounts := app.NewStaff(h, audit.New(h.DB, checkpoints, now), throttle.New(h.DB, now))
	if past.Staff, err = d.hire(ctx, accounts); err != nil {
		return err
	}
	d.say("staff: two people for each of %d roles", len(cast))
	earlier, err := d.earlierAuthority()
	if err != nil {
		return err
	}
	passphrase, err := d.foundAuthority(ctx, h.DB.Read(ctx), accounts, earlier, now)
	if err != nil {
		return err
	}
	engine, err := d.openSigner(passphrase, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Shutdown()) }()
	past.Signer = engine
	if past.Orders, past.Free, err = d.issueUkeys(earlier.CA, past.Present); err != nil {
		return err
	}
	d.say("certification authority, %d certificates", len(past.Orders)+len(past.Free))
	if err := history.Make(ctx, past); err != nil {
		return err
	}
	d.say("%d orders with their papers", len(past.Orders))
	return nil
}

// issueUkeys makes the Ukeys: for the orders of the past, and those that are free to be renewed.
func (d *demo) issueUkeys(ca cert.Issuer, present time.Time) (orders, free []holder.Ukey, err error) {
	profile := cert.OrganisationProfile("http://earlier.example.test")
	table := [][]string{{"serial", "medium", "path", "holder", "not_after", "keys"}}
	companies := history.Companies(d.Orders)
	for i := range d.Orders + d.Certificates {
		number := i
		if i < d.Orders {
			number = companies[i]
		}
		company, err := holder.New(number)
		if err != nil {
			return nil, nil, err
		}
		// Long enough ago for the past to have begun after it.
		expired := present.AddDate(0, 0, -25-i*7%170)
		u, err := holder.NewUkey(ca, profile, company, i, 1+i%3, expired)
		if err != nil {
			return nil, nil, err
		}
		if i < d.Orders {
			orders = append(orders, u)
			err = u.Write(d.file("ukeys-in-use"))
		} else {
			free = append(free, u)
			table = append(table, []string{u.Serial, u.Medium, "reviewed", company.Name, u.NotAfter.Format(time.RFC3339), cert.KeepKeys})
			err = u.Write(d.file("ukeys"))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return orders, free, writeTable(d.file("certificates.tsv"), table)
}
