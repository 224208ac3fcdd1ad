package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
)

type unlockCommand struct {
	Share          string `required:"" type:"existingfile" placeholder:"FILE" help:"An officer's share, as init made it."`
	Data           string `env:"CASIGNER_DATA" type:"path" placeholder:"DIR" help:"Data directory of the running signer, for the default of --admin-socket."`
	AdminSocket    string `env:"CASIGNER_ADMIN_SOCKET" type:"path" placeholder:"PATH" help:"The running signer's socket for shares. Default: admin.sock in the data directory."`
	PassphraseFile string `type:"existingfile" placeholder:"FILE" help:"File with the passphrase, without its last line feed. Without this flag it is taken from CASIGNER_PASSPHRASE, or asked on the terminal."`
}

// Help is shown under the flags.
func (unlockCommand) Help() string {
	return `Gives one officer's share to the running signer, as the signer's own user or as root. With the last share that is needed
the CA key opens. Every share is journalled, a wrong one too.`
}

// Run gives the share.
func (c *unlockCommand) Run(ctx context.Context, env environment) error {
	if c.AdminSocket == "" {
		c.AdminSocket = filepath.Join(c.Data, "admin.sock")
	}
	raw, err := os.ReadFile(c.Share)
	if err != nil {
		return err
	}
	officer := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(c.Share), "share-"), ".json")
	passphrase, err := passphraseOf(env, officer, c.PassphraseFile, false)
	if err != nil {
		return err
	}
	share, err := signer.OpenShare(raw, passphrase)
	clear(passphrase)
	if err != nil {
		return err
	}
	defer clear(share.Value)
	st, err := client.New(c.AdminSocket).Unlock(ctx, share)
	if err != nil {
		return err
	}
	return sayState(env, st)
}

func sayState(env environment, st cert.Status) error {
	if !st.Locked {
		_, err := fmt.Fprintln(env.stdout, "the CA key is open")
		return err
	}
	_, err := fmt.Fprintf(env.stdout, "%d of %d shares given: %s\n", len(st.Given), st.Needed, strings.Join(st.Given, ", "))
	return err
}
