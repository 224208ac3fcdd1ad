package bank

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// table is a statement as rows of cells.
type table struct {
	rows      [][]any
	columns   []string
	dimension string // what the sheet claims to cover; "" tells the truth
}

// put adds a row.
func (t *table) put(cells ...any) { t.rows = append(t.rows, cells) }

// blank adds rows with nothing in them.
func (t *table) blank(n int) {
	for range n {
		t.put()
	}
}

// header adds the row of column titles, given with commas between them.
func (t *table) header(titles string) {
	t.columns = strings.Split(titles, ",")
	cells := make([]any, len(t.columns))
	for i, c := range t.columns {
		cells[i] = c
	}
	t.put(cells...)
}

// line adds a booking; a column without a cell stays empty.
func (t *table) line(cells map[string]any) {
	values := make([]any, len(t.columns))
	for i, c := range t.columns {
		values[i] = cells[c]
	}
	t.put(values...)
}

const sheetName = "Sheet1"

// xlsx makes a workbook of the table.
func (t *table) xlsx(at time.Time) ([]byte, error) {
	f := excelize.NewFile()
	var out bytes.Buffer
	err := t.fill(f, at)
	if err == nil {
		err = f.Write(&out)
	}
	return out.Bytes(), errors.Join(err, f.Close())
}

func (t *table) fill(f *excelize.File, at time.Time) error {
	for i, cells := range t.rows {
		if err := f.SetSheetRow(sheetName, fmt.Sprintf("A%d", i+1), &cells); err != nil {
			return err
		}
	}
	if t.dimension != "" {
		if err := f.SetSheetDimension(sheetName, t.dimension); err != nil {
			return err
		}
	}
	return f.SetDocProps(&excelize.DocProperties{Title: "账务明细（样例）", Created: at.UTC().Format(time.RFC3339)})
}

// csv makes a text of the table, in UTF-8, with the line ends of Windows.
func (t *table) csv() ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	for _, cells := range t.rows {
		line := make([]string, len(cells))
		for i, c := range cells {
			if c != nil {
				line[i] = fmt.Sprint(c)
			}
		}
		if err := w.Write(line); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// gb18030 encodes a text as banks of the mainland do.
func gb18030(utf8 []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return simplifiedchinese.GB18030.NewEncoder().Bytes(utf8)
}
