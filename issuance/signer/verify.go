package signer

import (
	"errors"
	"os"
	"path/filepath"

	"caconsole/admin/fault"
)

// Report is the result of a journal check.
type Report struct {
	Records   int    // good ones
	Head      string // hash of the last
	Issued    int
	Revoked   int    // serials that are worth nothing, those of closed intents among them
	CRLNumber uint64 // of the last list, 0 before the first
	Registry  uint64 // number of the last change of the staff keys, 1 for what init fixed
	Torn      int64  // bytes of a torn tail, which the next start cuts off
}

// Verify checks a data directory without its key and without changing it, also beside a running signer: the journal's
// hashes, links and order, what each record may follow, the signatures under every change of staff keys and profiles,
// and that the files pinned at init are as they were. Each record is handed to each, which may be nil. Fails like Open.
func Verify(dir string, each func(Record) error) (Report, error) {
	f, err := os.Open(filepath.Join(dir, fileJournal))
	if err != nil {
		return Report{}, fault.Wrap("signer_data_unusable", err)
	}
	defer func() { _ = f.Close() }() // only read
	var rep Report
	var x index
	rep.Torn, err = ReadJournal(f, func(r Record, _ int) error {
		if r.Seq == 1 {
			d, err := loadData(dir, r)
			if err != nil {
				return err
			}
			x = newIndex(d)
		} else if err := x.replay(r, span{}); err != nil {
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
	if rep.Records == 0 {
		return rep, fault.Wrap("signer_data_unusable", errors.New("journal is empty"))
	}
	rep.Issued, rep.Revoked, rep.CRLNumber, rep.Registry = x.issued, len(x.withdrawn), x.crl.Number, x.trust.Registry().Seq
	return rep, nil
}
