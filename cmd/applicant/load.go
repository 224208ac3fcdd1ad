package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"caconsole/cmd/applicant/load"
	"caconsole/cmd/applicant/paper"
)

type loadCommand struct {
	Base         string         `help:"Base URL of the console's public app, such as http://localhost:8080." required:"" placeholder:"URL"`
	Ukeys        string         `help:"Folder of Ukeys, one folder for each serial number." required:"" type:"existingdir" placeholder:"DIR"`
	Orders       int            `help:"How many renewals." required:"" placeholder:"N"`
	Rate         float64        `help:"How many begin a second, whether or not earlier ones have ended." default:"1" placeholder:"R"`
	AtOnce       int            `help:"How many are under way at once at most; the next begins when one has ended. 0: any number." placeholder:"N"`
	Online       float64        `help:"Percent of them on the online path." default:"60"`
	Pay          map[string]int `help:"Weights of the ways to pay; a transfer is possible on the reviewed path only." default:"wechat=50;alipay=30;transfer=20"`
	BadPapers    float64        `help:"Percent of the reviewed path whose papers are handed in pale at first, to be sent back." default:"18"`
	Certificates string         `help:"List of certificates (default: certificates.tsv beside --ukeys)." type:"path" placeholder:"FILE"`
	Ports        string         `help:"ports.json with the addresses of phone, wallets and face pages (default: beside --ukeys)." type:"path" placeholder:"FILE"`
	Out          string         `help:"Folder for what each Ukey got and for statements, one folder for each serial number (default: load beside --ukeys). Certificates renewed there are not taken again." type:"path" placeholder:"DIR"`
	Timeout      time.Duration  `help:"How long one renewal may take." default:"10m"`
	Poll         time.Duration  `help:"How often an applicant asks." default:"2s"`
	Seed         uint64         `help:"Decides who pays how and in which order they come." default:"1"`
	JSON         bool           `help:"Print the report as JSON." name:"json"`
	Verbose      bool           `help:"Log what every applicant does."`
}

// Help is what --help adds.
func (c *loadCommand) Help() string {
	return `Each order is a whole renewal by an applicant with a phone of its own. Staff do their part elsewhere: applicant desk
--statements with the same folder as --out here. On one machine applicants come from many loopback addresses, so that
the console's limits by address hold for each hundred of them.

The report has the latency of every call (p50, p95, p99, max), answers that were no success by problem code, and how the
orders ended. Exits 0 only if all orders are done. There must be enough certificates: caconsole demo --certificates N
makes N of each path on new data.`
}

// errNotAll says that some orders did not end as they should.
var errNotAll = errors.New("not all orders are done")

// Run puts the load on.
func (c *loadCommand) Run(rt *shared) error {
	if c.Orders < 1 || c.Rate <= 0 || c.AtOnce < 0 || c.Online < 0 || c.Online > 100 || c.BadPapers < 0 || c.BadPapers > 100 {
		return errors.New("--orders and --rate must be above 0, --at-once not below, percentages from 0 to 100")
	}
	painter, err := paper.Open(rt.font)
	if err != nil {
		return err
	}
	robots := slog.New(slog.DiscardHandler)
	if c.Verbose {
		robots = rt.log
	}
	r, err := load.Run(rt.ctx, load.Options{
		Base: c.Base, Ukeys: c.Ukeys, List: c.Certificates, Ports: c.Ports, Out: c.Out, Orders: c.Orders, Rate: c.Rate, AtOnce: c.AtOnce, Online: c.Online / 100,
		Pay: c.Pay, Bad: c.BadPapers / 100, Timeout: c.Timeout, Poll: c.Poll, Seed: c.Seed, Painter: painter, Now: rt.now, Log: rt.log, Robots: robots,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		err = r.WriteJSON(rt.out)
	} else {
		err = r.WriteTable(rt.out)
	}
	if err == nil && r.Done < r.Orders {
		err = fmt.Errorf("%w: %d of %d", errNotAll, r.Done, r.Orders)
	}
	return err
}
