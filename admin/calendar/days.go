package calendar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Exception is one day that is not as its weekday says: a holiday, or a weekend worked in its place (调休).
type Exception struct {
	Day   Day
	Works bool
	Name  string // 国庆节
}

// ErrDays tells that a table of exceptions is not one; the text names the line.
var ErrDays = errors.New("calendar: not a table of days")

// maxName is the longest name of a day, in characters.
const maxName = 40

// ReadDays reads a year's table as it is published: a line a day, "2026-10-01 休 国庆节" or "2026-10-10 班 国庆节调休",
// separated by spaces, tabs or commas. Empty lines and lines that begin with # are passed over. A day twice, or a weekday
// that is said to be worked, is a mistake: ErrDays.
func ReadDays(r io.Reader) ([]Exception, error) {
	var out []Exception
	seen := map[Day]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		e, err := readDay(text)
		if err == nil && seen[e.Day] {
			err = errors.New("the day stands in the table already")
		}
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrDays, n, err)
		}
		seen[e.Day] = true
		out = append(out, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDays, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: it holds no day", ErrDays)
	}
	return out, nil
}

func readDay(text string) (Exception, error) {
	cells := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '，' || r == '　' })
	if len(cells) < 3 {
		return Exception{}, errors.New("a line needs a date, 休 or 班, and a name")
	}
	d, err := ParseDay(cells[0])
	if err != nil {
		return Exception{}, err
	}
	e := Exception{Day: d, Name: strings.Join(cells[2:], " ")}
	if !utf8.ValidString(e.Name) || utf8.RuneCountInString(e.Name) > maxName {
		return Exception{}, fmt.Errorf("the name is longer than %d characters or no text", maxName)
	}
	switch cells[1] {
	case "休":
	case "班":
		e.Works = true
		if (Calendar{}).Works(d) {
			return Exception{}, errors.New("班 is for weekends: this is a weekday and worked anyway")
		}
	default:
		return Exception{}, fmt.Errorf("%q is neither 休 nor 班", cells[1])
	}
	return e, nil
}

// Of makes the calendar of a list of exceptions.
func Of(days []Exception) Calendar {
	exceptions := make(map[Day]bool, len(days))
	for _, e := range days {
		exceptions[e.Day] = e.Works
	}
	return New(exceptions)
}
