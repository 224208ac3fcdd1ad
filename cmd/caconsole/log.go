package main

import (
	"errors"
	"log/slog"
	"strings"

	"caconsole/admin/fault"
	"caconsole/ui/page"
)

// logFlags say how to log; what is logged goes to the standard error.
type logFlags struct {
	LogFormat string `help:"Log lines as text or json." enum:"text,json" default:"text"`
	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

func (f logFlags) logger(e env) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level(f.LogLevel)}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(e.Stderr, opt))
	}
	return slog.New(slog.NewTextHandler(e.Stderr, opt))
}

func level(name string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return l
}

// sentence is what a terminal reads of an error: for a fault the catalogue's English words, with the cause.
func sentence(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	texts, broken := page.NewCatalogue()
	if broken != nil || !texts.Has(f.Key) {
		return err.Error()
	}
	lines := []string{texts.Text("en", f.Key, f.Args)}
	for _, field := range f.Fields {
		lines = append(lines, "  "+field.Name+": "+texts.Text("en", field.Key, field.Args))
	}
	if f.Cause != nil {
		lines = append(lines, "  ("+f.Cause.Error()+")")
	}
	return strings.Join(lines, "\n")
}
