package main

import (
	"fmt"

	"caconsole/cmd/applicant/ukey"
)

type ukeyCommand struct {
	Keys   string `required:"" help:"Folder with <login>.pem of each person whose Ukey is plugged in (SM2, PKCS#8)." type:"existingdir" placeholder:"DIR"`
	Listen string `help:"Loopback address that the console's pages ask." default:"127.0.0.1:8091" placeholder:"ADDR"`
	Origin string `help:"Scheme, host and port of the console; no other page is answered." default:"http://localhost:8080" placeholder:"URL"`
}

// Help is shown under the flags.
func (ukeyCommand) Help() string {
	return `Plays the Ukey agent of a staff PC with keys in files: for demonstrations and tests. The console names its address
to the browser by CACONSOLE_UKEY_AGENT.`
}

// Run signs until the context ends.
func (c *ukeyCommand) Run(rt *shared) error {
	a, err := ukey.Start(rt.ctx, ukey.Options{Listen: c.Listen, Keys: c.Keys, Origin: c.Origin, Log: rt.log})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(rt.out, "%d Ukeys at %s\n", a.Keys(), a.URL()); err != nil {
		return err
	}
	return a.Serve(rt.ctx)
}
