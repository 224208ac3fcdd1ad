package main

import (
	"context"
	"fmt"
	"time"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/renew"
)

// firstPapers are the ways in which papers can be handed in at first, by the names the command line knows.
var firstPapers = map[string]paper.Faults{
	"good":          {},
	"pale":          {PaleStamp: true},
	"without-seal":  {NoStamp: true},
	"wrong-seal":    {WrongStamp: "深圳市沐阳川商贸有限公司"},
	"contract-seal": {Contract: true},
	"unsigned":      {NoSignature: true},
	"upside-down":   {UpsideDown: true},
}

type renewCommand struct {
	Base    string        `help:"Base URL of the console's public app, such as http://localhost:8080." required:"" placeholder:"URL"`
	Ukeys   string        `help:"Folder of Ukeys, one folder for each serial number." required:"" type:"existingdir" placeholder:"DIR"`
	Serial  string        `help:"Serial number of the certificate to renew." required:"" placeholder:"S"`
	Path    string        `help:"Path to walk, online or reviewed; a certificate on the other one is refused (default: the one the certificate takes)." enum:",online,reviewed" default:"" placeholder:"PATH"`
	Pay     string        `help:"How to pay: wechat, alipay or transfer (default: wechat on the online path, transfer on the reviewed one)." enum:",wechat,alipay,transfer" default:"" placeholder:"METHOD"`
	Years   int           `help:"For how many years." default:"1"`
	Papers  string        `help:"How the papers are handed in at first: ${enum}. What comes back is handed in again without fault." enum:"good,pale,without-seal,wrong-seal,contract-seal,unsigned,upside-down" default:"good"`
	Out     string        `help:"Folder for what the Ukey got (root.pem sub.pem sign.pem enc.pem sign.key.pem) and, for a transfer, the statement the CA's bank would export." type:"path" placeholder:"DIR"`
	Ports   string        `help:"ports.json with the addresses of phone, wallets and face pages (default: beside --ukeys)." type:"path" placeholder:"FILE"`
	Timeout time.Duration `help:"How long to wait for everybody." default:"10m"`
	Poll    time.Duration `help:"How often to ask." default:"1s"`
}

// Help is what --help adds.
func (c *renewCommand) Help() string {
	return `Exits 0 when the Ukey is updated, 2 when the console refuses (its sentence is on stderr), 3 when time is up, 1 when
something broke. A second run with the same serial takes up the open order where the first one stopped.

Papers sent back by a reviewer are made better and handed in again.`
}

// Run renews the certificate.
func (c *renewCommand) Run(rt *shared) error {
	painter, err := paper.Open(rt.font)
	if err != nil {
		return err
	}
	if c.Years < 1 {
		return fmt.Errorf("--years must be 1 or more, not %d", c.Years)
	}
	ctx, cancel := context.WithTimeout(rt.ctx, c.Timeout)
	defer cancel()
	return renew.Run(ctx, renew.Options{
		Base: c.Base, Ukeys: c.Ukeys, Serial: c.Serial, Path: c.Path, Pay: c.Pay, Out: c.Out, Ports: c.Ports, Years: c.Years, Poll: c.Poll,
		Now: rt.now, Log: rt.log, Painter: painter, Faults: firstPapers[c.Papers],
	})
}
