package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"caconsole/issuance/signer"
)

type journalCommand struct {
	Verify verifyCommand `cmd:"" help:"Check hashes, links and order of the journal, the signatures under changes of staff keys and profiles, and the files init fixed; exit 1 if anything does not hold."`
	Print  printCommand  `cmd:"" help:"Print the records as JSON lines, checking them on the way."`
}

type dataFlag struct {
	Data string `required:"" env:"CASIGNER_DATA" type:"existingdir" placeholder:"DIR" help:"Data directory of the signer."`
}

type verifyCommand struct{ dataFlag }

// Run checks the journal. It needs no key and changes nothing.
func (c *verifyCommand) Run(env environment) error {
	rep, err := signer.Verify(c.Data, nil)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(
		env.stdout, "records %d\nissued %d\nrevoked %d\ncrl %d\nregistry %d\nhead %s\n",
		rep.Records, rep.Issued, rep.Revoked, rep.CRLNumber, rep.Registry, rep.Head,
	); err != nil {
		return err
	}
	if rep.Torn > 0 {
		_, err = fmt.Fprintf(env.stdout, "torn tail of %d bytes: a crash before they were durable, or a write in progress; the next start cuts it off\n", rep.Torn)
	}
	return err
}

type printCommand struct {
	dataFlag
	Kind string `default:"" placeholder:"KIND" help:"Only records of this kind: init, start, share, unlock, intent, issued, refused, closed, registry, delegation, revoked, crl or profile."`
}

// Run prints the journal.
func (c *printCommand) Run(env environment) error {
	if c.Kind != "" && !slices.Contains(signer.Kinds(), c.Kind) {
		return fmt.Errorf("%q is no kind of record: there are %s", c.Kind, strings.Join(signer.Kinds(), ", "))
	}
	out := json.NewEncoder(env.stdout)
	out.SetEscapeHTML(false)
	_, err := signer.Verify(c.Data, func(r signer.Record) error {
		if c.Kind != "" && r.Kind != c.Kind {
			return nil
		}
		return out.Encode(r)
	})
	return err
}
