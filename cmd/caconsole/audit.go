package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"caconsole/admin/audit"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Recompute the whole audit trail; exit 0 only if all holds."`
	Key    auditKeyCommand    `cmd:"" help:"Print the public key of the checkpoints, for the auditor to keep outside."`
}

type auditVerifyCommand struct {
	storeFlags
	Key        string `placeholder:"FILE" help:"Public key file the auditor kept. Without it the key ring's own key is used, which proves less." type:"existingfile"`
	Checkpoint string `placeholder:"FILE" help:"Checkpoint file the auditor took along earlier: shows a trail cut or rewritten since." type:"existingfile"`
}

// Run verifies and prints every problem; it fails where there is one.
func (c auditVerifyCommand) Run(ctx context.Context, e env) (err error) {
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	pub, err := c.publicKey(e.Now)
	if err != nil {
		return err
	}
	key, err := audit.ParsePublicKey(pub)
	if err != nil {
		return err
	}
	var known *audit.Checkpoint
	if c.Checkpoint != "" {
		note, err := os.ReadFile(c.Checkpoint)
		if err != nil {
			return err
		}
		parsed, err := audit.ParseCheckpoint(string(note), key)
		if err != nil {
			return err
		}
		known = &parsed
	}
	report, err := audit.Verify(ctx, h.DB.Read(ctx), key, known)
	if err != nil {
		return err
	}
	return printReport(e, report)
}

func printReport(e env, report audit.Report) error {
	_, err := fmt.Fprintf(e.Stdout, "entries %d, not yet numbered %d, key %s\n", report.Entries, report.Pending, report.KeyID)
	for _, p := range report.Problems {
		_, failed := fmt.Fprintln(e.Stdout, p)
		err = errors.Join(err, failed)
	}
	if !report.OK() {
		return fmt.Errorf("the audit trail does not hold: %d problems, the first at entry %d", report.Found, report.FirstBad())
	}
	_, failed := fmt.Fprintln(e.Stdout, "the audit trail holds")
	return errors.Join(err, failed)
}

func (c auditVerifyCommand) publicKey(now func() time.Time) ([]byte, error) {
	if c.Key != "" {
		return os.ReadFile(c.Key)
	}
	return c.checkpointKey(now)
}

type auditKeyCommand struct{ storeFlags }

// Run prints the public half in PEM.
func (c auditKeyCommand) Run(e env) error {
	key, err := c.checkpointKey(e.Now)
	if err != nil {
		return err
	}
	_, err = e.Stdout.Write(key)
	return err
}

// checkpointKey is the public half of the ring's own key.
func (s storeFlags) checkpointKey(now func() time.Time) ([]byte, error) {
	ring, err := s.Ring()
	if err != nil {
		return nil, err
	}
	key, err := ring.CheckpointKey()
	if err != nil {
		return nil, err
	}
	return audit.New(nil, key, now).PublicKeyPEM()
}
