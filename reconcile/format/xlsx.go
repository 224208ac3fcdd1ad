package format

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"caconsole/admin/fault"
)

// Limits of a workbook. A statement of a very busy month has some ten thousand rows and some forty columns.
const (
	maxUnzipped = 512 << 20 // bytes of all parts together
	maxInMemory = 16 << 20  // bytes of one part; larger ones go through a temporary file
	maxRows     = 200_000   // that are not blank; blank ones end with the format's own 1,048,576
	maxColumns  = 512
)

// workbook reads .xlsx through excelize's streaming rows.
type workbook struct {
	file      *excelize.File
	epoch1904 bool
}

// openXLSX opens a workbook. Faults: statement_too_large, statement_encrypted, statement_unreadable.
func openXLSX(body []byte) (c container, err error) {
	defer rescue(&err)
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{
		UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxInMemory,
	})
	if err != nil {
		return nil, workbookFault(err)
	}
	props, err := f.GetWorkbookProps()
	if err == nil {
		err = whole(body)
	}
	if err != nil || len(f.GetSheetList()) == 0 {
		_ = f.Close() // it is unreadable; that closing it fails too adds nothing
		return nil, workbookFault(err)
	}
	return &workbook{file: f, epoch1904: props.Date1904 != nil && *props.Date1904}, nil
}

func (*workbook) name() string     { return "xlsx" }
func (*workbook) encoding() string { return "utf-8" }

// Close removes the temporary files of large sheets.
func (w *workbook) Close() error { return w.file.Close() }

func (w *workbook) sheets() []sheet {
	var all []sheet
	for _, name := range w.file.GetSheetList() {
		all = append(all, sheet{epoch1904: w.epoch1904, rows: func(yield func(row, error) bool) {
			if err := w.walk(name, yield); err != nil {
				yield(row{}, err)
			}
		}})
	}
	return all
}

// walk yields the rows of a sheet that are not blank. The values are raw: formatted ones would hide a date's year
// and round an amount.
func (w *workbook) walk(name string, yield func(row, error) bool) (err error) {
	rows, err := w.rows(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil && cerr != nil {
			err = workbookFault(cerr)
		}
	}()
	number, filled := 0, 0
	for {
		cells, more, err := nextRow(rows)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		number++
		if len(cells) > maxColumns {
			return workbookFault(fmt.Errorf("row %d has %d columns", number, len(cells)))
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		if filled++; filled > maxRows {
			return fault.New(fault.Invalid, "statement_too_many_rows", fault.Args{"limit": maxRows})
		}
		if !yield(row{number: number, cells: cells}, nil) {
			return nil
		}
	}
}

func (w *workbook) rows(name string) (r *excelize.Rows, err error) {
	defer rescue(&err)
	r, err = w.file.Rows(name)
	if err != nil {
		return nil, workbookFault(err)
	}
	return r, nil
}

// nextRow asks rows.Error() at the end, because that alone tells a sheet cut short from one that ended.
func nextRow(rows *excelize.Rows) (cells []string, more bool, err error) {
	defer rescue(&err)
	if !rows.Next() {
		if err := rows.Error(); err != nil {
			return nil, false, workbookFault(err)
		}
		return nil, false, nil
	}
	cells, err = rows.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, false, workbookFault(err)
	}
	return cells, true, nil
}

// whole refuses a workbook with a sheet that was cut short: excelize reads broken XML as the end of the sheet and
// would silently give fewer rows.
func whole(body []byte) error {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return err
	}
	for _, part := range z.File {
		if !strings.HasPrefix(part.Name, "xl/worksheets/") || !strings.HasSuffix(part.Name, ".xml") {
			continue
		}
		end, err := tail(part)
		if err != nil {
			return err
		}
		if !bytes.HasSuffix(bytes.TrimSpace(end), []byte("worksheet>")) {
			return fmt.Errorf("%s is cut short", part.Name)
		}
	}
	return nil
}

// tail gives the last bytes of a part, whose size the opened workbook has already bounded.
func tail(part *zip.File) (end []byte, err error) {
	r, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	buf := make([]byte, 32<<10)
	for {
		n, rerr := r.Read(buf)
		end = append(end, buf[:n]...)
		end = end[max(0, len(end)-64):]
		if errors.Is(rerr, io.EOF) {
			return end, nil
		}
		if rerr != nil {
			return nil, rerr
		}
	}
}

// workbookFault tells the three ways a workbook is refused apart.
func workbookFault(err error) error {
	key := "statement_unreadable"
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "unzip size exceeds"): // excelize has no sentinel for its limit
		key = "statement_too_large"
	case strings.Contains(err.Error(), excelize.ErrWorkbookPassword.Error()):
		key = "statement_encrypted"
	}
	return &fault.Error{Kind: fault.Invalid, Key: key, Cause: err}
}

// rescue turns a panic of the workbook library on a hostile file into an unreadable file.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = workbookFault(fmt.Errorf("excelize panicked: %v", p))
	}
}
