package format

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf16"

	"caconsole/admin/fault"
)

// row is one row of the grid; number counts from 1 as the file's own program shows it.
type row struct {
	number int
	cells  []string
}

// sheet is one table of a file. Rows are read as they are asked for; an error ends them.
type sheet struct {
	rows      iter.Seq2[row, error]
	epoch1904 bool
}

// container is an opened file. It is closed by whoever opened it.
type container interface {
	name() string
	encoding() string
	sheets() []sheet
	Close() error
}

// open tells the container by its first bytes, never by its name: banks call many things .xls.
func open(body []byte) (container, error) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return nil, fault.New(fault.Invalid, "statement_empty", nil)
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		return openXLSX(body)
	case bytes.HasPrefix(body, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		// A workbook with a password is an OLE file with this stream; its name stands there in UTF-16.
		if bytes.Contains(body, utf16le("EncryptedPackage")) {
			return nil, fault.New(fault.Invalid, "statement_encrypted", nil)
		}
		return nil, unsupported("xls")
	case bytes.HasPrefix(bytes.TrimLeft(body, "\xef\xbb\xbf \t\r\n"), []byte("<")):
		return nil, unsupported("html")
	case bytes.IndexByte(body[:min(len(body), 512)], 0) >= 0:
		return nil, fault.New(fault.Invalid, "statement_unreadable", nil)
	}
	return openText(body)
}

func unsupported(container string) error {
	return fault.New(fault.Invalid, "statement_container_unsupported", fault.Args{"container": container})
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
