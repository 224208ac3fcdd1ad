package signer

import (
	"os"
	"path/filepath"

	"caconsole/admin/fault"
)

// Report is the result of a journal check.
type Report struct {
	Records int    // good ones
	Head    string // hash of the last
	Issued  int
	Torn    int64 // bytes of a torn tail, which the next start cuts off
}

// Verify checks a data directory without its passphrase and without changing it, also beside a running signer: the
// journal's hashes, links and order, and that the files pinned at init are as they were. Each record is handed to
// each, which may be nil. Fails like Open.
func Verify(dir string, each func(Record) error) (Report, error) {
	f, err := os.Open(filepath.Join(dir, fileJournal))
	if err != nil {
		return Report{}, fault.Wrap("signer_data_unusable", err)
	}
	defer func() { _ = f.Close() }() // only read
	var rep Report
	var first Record
	x := newIndex()
	rep.Torn, err = ReadJournal(f, func(r Record, _ int) error {
		if r.Seq == 1 {
			first = r
		}
		if err := x.replay(r, span{}); err != nil {
			return err
		}
		rep.Records, rep.Head = rep.Records+1, r.Hash
		if each == nil {
			return nil
		}
		return each(r)
	})
	if err != nil {
		return rep, err
	}
	rep.Issued = x.issued
	if _, err := loadData(dir, first); err != nil {
		return rep, err
	}
	return rep, nil
}
