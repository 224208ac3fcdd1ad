package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/project"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
	"caconsole/cmd/caconsole/app"
)

type staffCommand struct {
	Add  staffAddCommand  `cmd:"" help:"Make an account; prints its one-time code secret, and a password unless one was given, once."`
	List staffListCommand `cmd:"" help:"List the accounts."`
	Code staffCodeCommand `cmd:"" help:"Print a demo account's one-time code of this half minute."`
}

type staffAddCommand struct {
	storeFlags
	Login         string   `required:"" help:"Login name."`
	Name          string   `required:"" help:"The person's name."`
	No            string   `required:"" help:"Staff number."`
	Role          []string `required:"" placeholder:"ROLE" help:"Roles: reviewer, second_reviewer, review_lead, issuer, finance, finance_lead, hotline, hotline_lead, auditor, security_admin, system_admin, key_officer. Not all go together."`
	Project       []string `placeholder:"CODE" help:"Projects the person may see. Default: all."`
	PasswordStdin bool     `help:"Read the password from the standard input. Default: a random one, printed."`
}

// Run makes the account.
func (c staffAddCommand) Run(ctx context.Context, e env) (err error) {
	password, given, err := c.password(e)
	if err != nil {
		return err
	}
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	accounts, err := accountsOf(h)
	if err != nil {
		return err
	}
	projects, err := c.projects(ctx, h)
	if err != nil {
		return err
	}
	m, totp, err := accounts.Create(ctx, actor.Job("staff_add"), staff.NewMember{
		Login: c.Login, Name: c.Name, No: c.No, Roles: c.Role, Password: password, Projects: projects, AllProjects: len(projects) == 0,
	})
	if err != nil {
		return err
	}
	if !given {
		if _, err := fmt.Fprintf(e.Stdout, "password     %s\n", password.Reveal()); err != nil {
			return err
		}
	}
	link := url.URL{Scheme: "otpauth", Host: "totp", Path: "/caconsole:" + m.Login, RawQuery: url.Values{"secret": {totp.Reveal()}, "issuer": {"caconsole"}}.Encode()}
	_, err = fmt.Fprintf(e.Stdout, "totp secret  %s\ntotp link    %s\n", totp.Reveal(), &link)
	return err
}

func (c staffAddCommand) projects(ctx context.Context, h *app.House) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, 0, len(c.Project))
	for _, code := range c.Project {
		p, err := project.Projects{}.ByCode(ctx, h.DB.Read(ctx), code)
		if err != nil {
			return nil, err
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

func (c staffAddCommand) password(e env) (password seal.Secret, given bool, err error) {
	if !c.PasswordStdin {
		return seal.Secret(rand.Text()), false, nil
	}
	line, err := bufio.NewReader(e.Stdin).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", true, errors.Join(errors.New("no password on the standard input"), err)
	}
	return seal.Secret(line), true, nil
}

type staffListCommand struct{ storeFlags }

// Run prints one line an account.
func (c staffListCommand) Run(ctx context.Context, e env) (err error) {
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	accounts, err := accountsOf(h)
	if err != nil {
		return err
	}
	lines, err := accounts.List(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.No, l.Login, l.Name, l.State, strings.Join(l.Roles, ",")); err != nil {
			return err
		}
	}
	return table.Flush()
}

func accountsOf(h *app.House) (*staff.Accounts, error) {
	key, err := h.Ring.CheckpointKey()
	if err != nil {
		return nil, err
	}
	return app.NewStaff(h, audit.New(h.DB, key, h.Now), throttle.New(h.DB, h.Now)), nil
}
