package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/calendar"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

type calendarCommand struct {
	Load calendarLoadCommand `cmd:"" help:"Load a year's holidays and weekends worked (调休): a line a day, \"2026-10-01 休 国庆节\" or \"2026-10-10 班 国庆节调休\". Replaces the years it names."`
	List calendarListCommand `cmd:"" help:"List the days that are not as their weekday says."`
}

type calendarLoadCommand struct {
	storeFlags
	File string `arg:"" type:"existingfile" help:"The table."`
}

// Run loads the table.
func (c calendarLoadCommand) Run(ctx context.Context, e env) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	days, err := calendar.ReadDays(file)
	if err != nil {
		return err
	}
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	err = h.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := (project.Projects{}).SetYear(ctx, tx, e.Now(), days); err != nil {
			return err
		}
		return audit.Append(ctx, tx, actor.Job("calendar_load"), e.Now(), audit.Entry{
			Action: "calendar.loaded", Object: "calendar:" + days[0].Day.String(), Details: map[string]any{"days": len(days)},
		})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.Stdout, "%d days loaded\n", len(days))
	return err
}

type calendarListCommand struct{ storeFlags }

// Run prints the days.
func (c calendarListCommand) Run(ctx context.Context, e env) (err error) {
	h, closeAll, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	days, err := project.Projects{}.Days(ctx, h.DB.Read(ctx))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.Stdout, 0, 4, 2, ' ', 0)
	for _, d := range days {
		mark := "休"
		if d.Works {
			mark = "班"
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", d.Day, mark, d.Name); err != nil {
			return err
		}
	}
	return w.Flush()
}
