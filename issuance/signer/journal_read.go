package signer

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"caconsole/admin/fault"
)

// ReadJournal reads a journal from its start, checks every hash, link and number, and hands each record to each with
// the length of its line in bytes. It returns the length of a torn tail: bytes after the last line feed.
// Fails with Conflict "journal_broken", naming the number of the first record that does not hold.
func ReadJournal(r io.Reader, each func(rec Record, length int) error) (torn int64, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	seq, head := uint64(0), zeroHash
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return int64(len(line)), nil
		}
		if err != nil {
			return 0, fault.Wrap("journal_failed", err)
		}
		line = line[:len(line)-1]
		rec, err := parseRecord(line)
		switch {
		case err != nil:
		case rec.Seq != seq+1:
			err = fmt.Errorf("is numbered %d", rec.Seq)
		case rec.Prev != head:
			err = errors.New("does not follow from the record before")
		case rec.Seq == 1 != (rec.Kind == kindInit):
			err = fmt.Errorf("is of kind %s", rec.Kind)
		}
		if err != nil {
			return 0, &fault.Error{Kind: fault.Conflict, Key: "journal_broken", Args: fault.Args{"seq": seq + 1}, Cause: err}
		}
		if err := each(rec, len(line)); err != nil {
			return 0, err
		}
		seq, head = rec.Seq, rec.Hash
	}
}
