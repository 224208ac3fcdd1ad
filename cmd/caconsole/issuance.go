package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"caconsole/cmd/caconsole/app"
	"caconsole/issuance"
	"caconsole/issuance/signer/client"
)

type issuanceCommand struct {
	Verify issuanceVerifyCommand `cmd:"" help:"Compare database, signer's journal and revocation list; exit 0 only if all agree."`
}

type issuanceVerifyCommand struct {
	storeFlags
	Signer string `name:"signer-socket" placeholder:"PATH" type:"path" help:"Unix socket of casigner. Default: the one of a demo in the data folder."`
}

// Help is shown under the flags.
func (issuanceVerifyCommand) Help() string {
	return `Reads the signer's journal record by record, which needs no opened key, and compares it with the database both ways:
requests, the very certificates, requests refused for ever, revocations, revocation lists, and the number and hash of each
record whose head the console was told. Then it looks for pairs of this CA that no request led to, and compares revoked
pairs with the last list. It changes nothing and may run beside the console, which does the same at each start and at
night. Requests under way are counted as open and are no disagreement.`
}

// Run compares and prints every disagreement; it fails where there is one.
func (c issuanceVerifyCommand) Run(ctx context.Context, e env) (err error) {
	if c.Signer == "" {
		if c.Signer = filepath.Join(c.Data, demoSignerSocket); !exists(c.Signer) {
			return fmt.Errorf("no signer: set --signer-socket, or point --data to the folder of a running demo (%s is not there)", c.Signer)
		}
	}
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	return verifyIssuance(ctx, e, h, client.New(c.Signer))
}

// demoSignerSocket is where the signer of a demo listens, below its data folder.
const demoSignerSocket = "ca.sock"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func verifyIssuance(ctx context.Context, e env, h *app.House, signer app.Signer) error {
	s := issuance.New(signer, e.Now)
	s.UseLedger(signer)
	s.UseRevoker(signer)
	c, err := s.NewCheck()
	if err != nil {
		return err
	}
	for !c.Done() {
		next, found, err := s.CheckStep(ctx, h.DB.Read(ctx), c)
		if err != nil {
			return err
		}
		for _, f := range found {
			if _, err := fmt.Fprintf(e.Stdout, "%s %s: %s\n", f.Kind, f.Subject, f.Detail); err != nil {
				return err
			}
		}
		c = next
	}
	n := c.Counts
	_, err = fmt.Fprintf(
		e.Stdout, "records %d, pairs issued %d, recorded %d, open %d, requests closed %d, revocations %d, lists %d, pairs from elsewhere %d, on the last list %d\n",
		n.Records, n.Issued, n.Recorded, n.Open, n.Closed, n.Revoked, n.Lists, n.Pairs, n.Listed,
	)
	if err != nil {
		return err
	}
	if n.Findings > 0 {
		return fmt.Errorf("database, journal and revocation list do not agree: %d disagreements", n.Findings)
	}
	_, err = fmt.Fprintln(e.Stdout, "database, journal and revocation list agree")
	return err
}
