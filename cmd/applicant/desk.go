package main

import (
	"path/filepath"
	"strings"
	"time"

	"caconsole/cmd/applicant/desk"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/ports"
)

type deskCommand struct {
	Base       string        `help:"Base URL of the console's staff pages, such as http://localhost:8080." required:"" placeholder:"URL"`
	Staff      string        `help:"Staff file: tab-separated login, role, password, totp_secret (staff.tsv of the demo)." required:"" type:"existingfile" placeholder:"FILE"`
	Agent      string        `help:"Origin of the Ukey agent that signs 通过 and 确认签发 (default: ukey of the ports.json beside --staff)." placeholder:"URL"`
	Roles      []string      `help:"Which roles sit at the desk: ${enum}." enum:"reviewer,second_reviewer,review_lead,issuer,finance,finance_lead" default:"reviewer,second_reviewer,issuer,finance"`
	Statements string        `help:"Folder below which bank statements appear; each is imported once." type:"path" placeholder:"DIR"`
	Pace       time.Duration `help:"What one piece of work takes a person at least." default:"0s"`
	UntilIdle  time.Duration `help:"Close the desk when nobody had anything to do for so long (default: never)." default:"0s"`
	Poll       time.Duration `help:"How often somebody without work looks again." default:"1s"`
	Reject     float64       `help:"Share of cases that are rejected whatever their papers are like, from 0 to 1." default:"0"`
}

// Help is what --help adds.
func (c *deskCommand) Help() string {
	return `Everybody with one of the roles logs in once and works with the pages and forms a browser gets. Reviewers look at every
page of every paper: a seal that is missing, pale or not the company's own, or a missing signature, sends it back, all
else is approved. They know the seals of sample papers, not those of real companies. Issuers confirm what was approved. Both sign with their Ukeys by the agent, as people in a browser do. Finance imports every
statement file below --statements and settles by hand what the console suggests without a doubt.

The desk outlives restarts of the console. It exits 0 when told to stop, or after --until-idle.`
}

// Run opens the desk.
func (c *deskCommand) Run(rt *shared) error {
	staff, err := desk.ReadRoster(c.Staff)
	if err != nil {
		return err
	}
	painter, err := paper.Open(rt.font)
	if err != nil {
		return err
	}
	_, err = desk.Run(rt.ctx, desk.Options{
		Base: c.Base, Staff: staff, Roles: c.Roles, Agent: c.agent, Statements: c.Statements, Pace: c.Pace, UntilIdle: c.UntilIdle, Poll: c.Poll,
		Reject: c.Reject, Painter: painter, Now: rt.now, Log: rt.log,
	})
	return err
}

// agent is where Ukeys are asked. The file is read each time: a demo that is started again has another agent.
func (c *deskCommand) agent() (string, error) {
	if c.Agent != "" {
		return strings.TrimSuffix(c.Agent, "/"), nil
	}
	m, err := ports.Read(filepath.Join(filepath.Dir(c.Staff), "ports.json"))
	return m.Get(ports.Ukey), err
}
