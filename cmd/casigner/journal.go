package main

import (
	"encoding/json"
	"fmt"

	"caconsole/issuance/signer"
)

type journalCommand struct {
	Verify verifyCommand `cmd:"" help:"Check hashes, links and order of the journal and the files init fixed; exit 1 if anything does not hold."`
	Print  printCommand  `cmd:"" help:"Print the records as JSON lines, checking them on the way."`
}

type dataFlag struct {
	Data string `required:"" env:"CASIGNER_DATA" type:"existingdir" placeholder:"DIR" help:"Data directory of the signer."`
}

type verifyCommand struct{ dataFlag }

// Run checks the journal. It needs no passphrase and changes nothing.
func (c *verifyCommand) Run(env environment) error {
	rep, err := signer.Verify(c.Data, nil)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(env.stdout, "records %d\nissued %d\nhead %s\n", rep.Records, rep.Issued, rep.Head); err != nil {
		return err
	}
	if rep.Torn > 0 {
		_, err = fmt.Fprintf(env.stdout, "torn tail of %d bytes: a crash before they were durable, or a write in progress; the next start cuts it off\n", rep.Torn)
	}
	return err
}

type printCommand struct {
	dataFlag
	Kind string `enum:",init,unlock,intent,issued,refused,closed" default:"" placeholder:"KIND" help:"Only records of this kind: init, unlock, intent, issued, refused or closed."`
}

// Run prints the journal.
func (c *printCommand) Run(env environment) error {
	out := json.NewEncoder(env.stdout)
	_, err := signer.Verify(c.Data, func(r signer.Record) error {
		if c.Kind != "" && r.Kind != c.Kind {
			return nil
		}
		return out.Encode(r)
	})
	return err
}
