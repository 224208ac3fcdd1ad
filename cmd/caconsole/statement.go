package main

import (
	"encoding/json"
	"fmt"
	"os"

	"caconsole/reconcile/format"
)

type statementCommand struct {
	Parse statementParseCommand `cmd:"" help:"Read a statement as the importer would and print what it holds."`
}

type statementParseCommand struct {
	File string `arg:"" help:"Statement as the bank exported it." type:"existingfile"`
	JSON bool   `name:"json" help:"Print one JSON object with all lines; else a summary."`
}

// Run prints the statement. An unreadable file is one clear line on stderr and exit 1.
func (c statementParseCommand) Run(e env) error {
	body, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	result, err := format.Parse(body)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.Stdout).Encode(result)
	}
	_, err = fmt.Fprintf(e.Stdout, "%d lines, %d rejected\n", len(result.Lines), len(result.Rejected))
	return err
}
