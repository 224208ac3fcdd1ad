package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/audit"
	"caconsole/admin/money"
	"caconsole/admin/order"
	vendor "caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/admin/throttle"
	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors/alipay"
	"caconsole/cmd/applicant/vendors/wechat"
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
	// Until the data counts as made nothing rests on a single commit: see fill.
	store.DatabaseURL += " options='-c synchronous_commit=off'"
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
	notices := app.Config{Web: app.Web{PublicURL: app.LocalURL(d.Listen)}}.NotifyAt
	return history.Options{
		House: h, Clock: clock, Present: d.Now(), Painter: artist, Outbox: box, PublicURL: app.LocalURL(d.Listen),
		Seller:     history.Seller{Name: sellerName, TaxNo: sellerTaxNo},
		Accounts:   accounts(),
		Statements: d.file("statements"), Log: d.log,
		Vendors: history.Vendors{
			State:  d.path("vendors"),
			WeChat: wechat.Merchant{AppID: wechatApp, MchID: wechatMch, NotifyURL: notices(vendor.WeChat)},
			Alipay: alipay.Merchant{SellerID: alipaySeller, NotifyURL: notices(vendor.Alipay)},
		},
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
	if past.Projects, err = d.openProjects(ctx, h, now()); err != nil {
		return err
	}
	people, err := d.hire(ctx, accounts, past.Projects)
	if err != nil {
		return err
	}
	past.Staff = oldHands(people)
	d.say("two projects, two people for each of %d roles, %d for one project only", len(cast), len(specialists))
	earlier, err := d.earlierAuthority()
	if err != nil {
		return err
	}
	keys, believed, err := d.makeStaffKeys(people)
	if err != nil {
		return err
	}
	past.StaffKeys = keys
	if err := d.foundAuthority(believed, earlier, now); err != nil {
		return err
	}
	engine, err := d.openSigner(ctx, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Shutdown()) }()
	past.Signer = engine
	if past.Orders, past.Free, err = d.issueUkeys(earlier.CA, past.Present); err != nil {
		return err
	}
	d.say("certification authority, %d certificates", len(past.Orders)+len(past.Free))
	past.Progress = func(entered int) { d.say("%d of %d orders", entered, d.Orders) }
	if err := history.Make(ctx, past); err != nil {
		return err
	}
	d.say("%d orders with their papers", len(past.Orders))
	return nil
}

// openProjects makes the first project, whose Ukeys keep their keys, and a second one that re-keys.
func (d *demo) openProjects(ctx context.Context, h *app.House, at time.Time) (ids [2]uuid.UUID, err error) {
	var projects project.Projects
	err = h.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		first, err := projects.EnsureProject(ctx, tx, at)
		if err != nil {
			return err
		}
		second, err := projects.Add(ctx, tx, "wanqu", "湾区能源（样例）", secondPrices, at)
		if err != nil {
			return err
		}
		ids = [2]uuid.UUID{first.ID, second.ID}
		return errors.Join(
			projects.Set(ctx, tx, second.ID, "medium_prefix", holder.SecondPrefix, at, at),
			projects.Set(ctx, tx, second.ID, "keys", project.KeysCSR, at, at),
		)
	})
	return ids, err
}

// secondPrices is the second project's price list; index = years - 1.
var secondPrices = [project.MaxYears]money.Fen{280_00, 540_00, 780_00, 1000_00, 1200_00}

// issueUkeys makes the Ukeys: for the orders of the past, and those that are free to be renewed.
func (d *demo) issueUkeys(ca cert.Issuer, present time.Time) (orders, free []holder.Ukey, err error) {
	issue := func(c history.Case, n int, dir string) (holder.Ukey, error) {
		company, err := holder.New(c.Company)
		if err != nil {
			return holder.Ukey{}, err
		}
		keys := cert.KeepKeys
		if c.Rekeys {
			keys = cert.CSRKeys
		}
		u, err := holder.NewUkey(ca, cert.OrganisationProfile("http://earlier.example.test"), company, keys, n, 1+n%3, c.Ends)
		if err != nil {
			return u, err
		}
		return u, u.Write(d.file(dir))
	}
	for i, c := range history.Cases(d.Orders, present) {
		u, err := issue(c, i, "ukeys-in-use")
		if err != nil {
			return nil, nil, err
		}
		orders = append(orders, u)
	}
	table := [][]string{{"serial", "medium", "path", "holder", "not_after", "keys"}}
	for i, path := range []order.Path{order.Reviewed, order.Online} {
		for k := range d.Certificates {
			n := i*d.Certificates + k
			u, err := issue(history.Free(path, n, k, d.Certificates, present), d.Orders+n, "ukeys")
			if err != nil {
				return nil, nil, err
			}
			free = append(free, u)
			table = append(table, []string{u.Serial, u.Medium, string(path), u.Company.Name, u.NotAfter.Format(time.RFC3339), u.Keys})
		}
	}
	return orders, free, writeTable(d.file("certificates.tsv"), table)
}
