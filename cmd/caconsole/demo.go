package main

import (
	"context"
	"strconv"

	"caconsole/cmd/caconsole/demo"
	"caconsole/cmd/caconsole/demo/history"
)

type demoCommand struct {
	Data         string `help:"Folder of everything the demo makes." default:"var" type:"path"`
	Listen       string `help:"Address of console and intake API." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Orders       int    `help:"Orders the demo's past has seen; 0 for none. Counts only when the data is made." default:"${orders}"`
	Certificates int    `help:"Certificates beside those that may be renewed. Counts only when the data is made." default:"20"`
	LogLevel     string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

// Help is shown under the flags.
func (demoCommand) Help() string {
	return `Starts a private PostgreSQL, simulated vendors, a mail server and a signer, all ended with this program, and makes their
data the first time: staff, a CA, certificates with software Ukeys, orders in every stage, a statement to import. Nothing
of it is real, and every page says so.`
}

// Run serves the demo until Ctrl-C.
func (c demoCommand) Run(ctx context.Context, e env) error {
	return demo.Run(ctx, demo.Options{
		Data: c.Data, Listen: c.Listen, Orders: c.Orders, Certificates: c.Certificates, Version: version, Build: build,
		Out: e.Stdout, Level: level(c.LogLevel), Now: e.Now,
	})
}

// demoDefaults are the defaults of the demo's flags that the code knows better.
var demoDefaults = map[string]string{"orders": strconv.Itoa(history.FullDemo)}
