package format

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"caconsole/admin/fault"
)

// maxCellLines bounds the lines one quoted cell may span. Headers break their lines; a cell with more of them is a
// quote that was never closed and has swallowed bookings.
const maxCellLines = 4

// textFile is a delimited text: rows of cells between commas, tabs or bars.
type textFile struct {
	kind, charset, text string
	delimiter           string
}

// openText reads a text in UTF-8 or GB18030. Faults: statement_encoding_unknown.
func openText(body []byte) (container, error) {
	text, charset, err := decode(body)
	if err != nil {
		return nil, err
	}
	f := &textFile{charset: charset, text: text}
	f.kind, f.delimiter = delimited(text)
	return f, nil
}

func (f *textFile) name() string     { return f.kind }
func (f *textFile) encoding() string { return f.charset }

// Close has nothing to release.
func (*textFile) Close() error { return nil }

func (f *textFile) sheets() []sheet {
	return []sheet{{rows: func(yield func(row, error) bool) {
		if err := f.walk(yield); err != nil {
			yield(row{}, err)
		}
	}}}
}

// walk yields the lines that are not blank, numbered as a text editor numbers them.
func (f *textFile) walk(yield func(row, error) bool) error {
	c := cutter{rest: f.text, delimiter: f.delimiter, line: 1}
	for filled := 0; c.rest != ""; {
		line := c.line
		cells, err := c.cells()
		if err != nil {
			return unreadable(err)
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		if filled++; filled > maxRows {
			return fault.New(fault.Invalid, "statement_too_many_rows", fault.Args{"limit": maxRows})
		}
		if len(cells) > maxColumns {
			return unreadable(fmt.Errorf("line %d has %d columns", line, len(cells)))
		}
		if !yield(row{number: line, cells: cells}, nil) {
			return nil
		}
	}
	return nil
}

// cutter cuts a text into rows of cells. It differs from encoding/csv in one thing: a quote inside a cell that does not
// begin with one is a character like others (="00123"), while after a closing quote nothing may follow. So a quote that
// was never closed is an error, and does not swallow bookings.
type cutter struct {
	rest      string
	delimiter string
	line      int
}

// cells takes one row off.
func (c *cutter) cells() ([]string, error) {
	var all []string
	for {
		cell, last, err := c.cell()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", c.line, err)
		}
		if all = append(all, unguard(strings.TrimSpace(cell))); last {
			return all, nil
		}
	}
}

// cell takes one cell off; last tells that its row ends with it.
func (c *cutter) cell() (cell string, last bool, err error) {
	if inner, ok := strings.CutPrefix(strings.TrimLeft(c.rest, " "), `"`); ok {
		if cell, c.rest, err = quoted(inner); err != nil {
			return "", false, err
		}
		c.line += strings.Count(cell, "\n")
		blank, last := c.bare()
		if strings.TrimSpace(blank) != "" {
			return "", false, errQuote
		}
		return cell, last, nil
	}
	cell, last = c.bare()
	return cell, last, nil
}

// bare takes off what stands before the next delimiter or the end of the line.
func (c *cutter) bare() (cell string, last bool) {
	i := strings.IndexAny(c.rest, c.delimiter+"\n")
	if i < 0 {
		cell, c.rest = c.rest, ""
		return cell, true
	}
	cell, last = c.rest[:i], c.rest[i] == '\n'
	c.rest = c.rest[i+1:]
	if last {
		c.line++
	}
	return cell, last
}

var errQuote = errors.New("a quote is not closed")

// quoted reads up to the closing quote; two in a row stand for one.
func quoted(s string) (cell, rest string, err error) {
	var b strings.Builder
	for {
		part, after, ok := strings.Cut(s, `"`)
		b.WriteString(part)
		if !ok || strings.Count(part, "\n") >= maxCellLines {
			return "", "", errQuote
		}
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, nil
		}
		b.WriteByte('"')
		s = after[1:]
	}
}

func unreadable(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "statement_unreadable", Cause: cause}
}

// decode tells the encoding by the bytes. GB18030 is taken for what is no UTF-8, and not its subset GBK, which breaks
// rare characters of names silently. The decoder reports no bad bytes, it replaces them: so they are looked for.
func decode(body []byte) (text, charset string, err error) {
	if rest, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok && utf8.Valid(rest) {
		return string(rest), "utf-8-bom", nil
	}
	if utf8.Valid(body) {
		return string(body), "utf-8", nil
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return "", "", &fault.Error{Kind: fault.Invalid, Key: "statement_encoding_unknown", Cause: err}
	}
	return string(decoded), "gb18030", nil
}

// delimited tells what stands between the cells: the character that makes the widest line. Banks pad cells with tabs,
// so that commas win a tie.
func delimited(text string) (kind string, delimiter string) {
	kind, delimiter = "csv", ","
	widest := widestLine(text, delimiter)
	for _, other := range []struct {
		kind, delimiter string
	}{{"tsv", "\t"}, {"pipe", "|"}} {
		if w := widestLine(text, other.delimiter); w > widest {
			kind, delimiter, widest = other.kind, other.delimiter, w
		}
	}
	return kind, delimiter
}

// widestLine is the number of filled cells of the widest line among those where the header is looked for.
func widestLine(text string, delimiter string) int {
	widest, lines := 0, 0
	for line := range strings.Lines(text) {
		filled := 0
		for cell := range strings.SplitSeq(line, delimiter) {
			if strings.TrimSpace(cell) != "" {
				filled++
			}
		}
		widest = max(widest, filled)
		if lines++; lines > probeRows {
			break
		}
	}
	return widest
}
