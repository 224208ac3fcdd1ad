package main

import (
	"fmt"

	"caconsole/admin/staff"
	"caconsole/cmd/caconsole/demo"
)

type staffCodeCommand struct {
	Data  string `help:"Data folder of the demo." default:"var" type:"path"`
	Login string `arg:"" help:"Login name."`
}

// Run prints the code a telephone would show. It reads the table a demo writes: nothing else knows the secrets in clear.
func (c staffCodeCommand) Run(e env) error {
	secret, err := demo.OneTimeSecret(c.Data, c.Login)
	if err != nil {
		return err
	}
	code, err := staff.Code(secret, e.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.Stdout, code)
	return err
}
