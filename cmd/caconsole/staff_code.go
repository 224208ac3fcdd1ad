package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"caconsole/admin/seal"
	"caconsole/admin/staff"
)

type staffCodeCommand struct {
	File  string `arg:"" help:"The demo's staff.tsv." type:"existingfile"`
	Login string `arg:"" help:"Login name."`
}

// Run prints the one-time code of this half minute, for people who try a demo without an authenticator at hand.
func (c staffCodeCommand) Run(e env) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		row := strings.Split(lines.Text(), "\t")
		if len(row) < 4 || row[0] != c.Login {
			continue
		}
		code, err := staff.Code(seal.Secret(row[3]), e.Now())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.Stdout, code)
		return err
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%s has no login %q", c.File, c.Login)
}
