package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Kinds of journal records.
const (
	kindInit    = "init"    // what was fixed when the data directory was made
	kindUnlock  = "unlock"  // the key was opened: one start of the signer
	kindIntent  = "intent"  // a request passed every check; the key will be used for it
	kindIssued  = "issued"  // its result, on disk before it is answered
	kindRefused = "refused" // a well-formed request that was not executed, with the reason
	kindClosed  = "closed"  // a request id that is refused for ever
)

// Record is one line of the journal.
type Record struct {
	Seq  uint64          `json:"seq"`
	Prev string          `json:"prev"` // hash of the record before; zeroes in the first
	At   string          `json:"at"`   // RFC 3339, UTC
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
	// Hash is the SM3 (hex) of the line up to the comma before "hash": every byte of the file is covered by a hash.
	Hash string `json:"hash"`
}

const (
	hashMark = `,"hash":"`
	hashTail = len(hashMark) + 64 + len(`"}`)
)

var zeroHash = fmt.Sprintf("%064d", 0)

// span is where a record lies in the file, without its line feed.
type span struct {
	offset int64
	length int
}

// journal appends records and makes them durable one by one. It is not safe for concurrent use; Engine locks.
type journal struct {
	file *os.File
	now  func() time.Time
	seq  uint64
	head string
	end  int64
	// failed is set by the first write or fsync that did not succeed. What the disk then holds is unknown until the
	// file is read again, so nothing more is written by this process.
	failed error
}

// createJournal makes the file of a new data directory.
func createJournal(path string, now func() time.Time) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &journal{file: f, now: now, head: zeroHash}, nil
}

// openJournal locks the file, reads and checks it whole, hands each record to each, and cuts a torn tail: the bytes
// after the last line feed, which a crash left before they were durable and so before anything rested on them.
// It returns the number of bytes it cut. A broken chain is an error: the signer must not start on it.
func openJournal(path string, now func() time.Time, each func(Record, span) error) (*journal, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	j := &journal{file: f, now: now, head: zeroHash}
	torn, err := j.load(each)
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return j, torn, nil
}

func (j *journal) load(each func(Record, span) error) (int64, error) {
	if err := unix.Flock(int(j.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return 0, &fault.Error{Kind: fault.Conflict, Key: "signer_running", Cause: err}
	}
	torn, err := ReadJournal(j.file, func(r Record, raw int) error {
		at := span{offset: j.end, length: raw}
		j.seq, j.head, j.end = r.Seq, r.Hash, j.end+int64(raw)+1
		return each(r, at)
	})
	if err != nil {
		return 0, err
	}
	if torn > 0 {
		if err := j.file.Truncate(j.end); err != nil {
			return 0, err
		}
		if err := j.file.Sync(); err != nil {
			return 0, err
		}
	}
	return torn, nil
}

// append writes one record and returns after it is on the disk.
func (j *journal) append(kind string, body any) (Record, span, error) {
	if j.failed != nil {
		return Record{}, span{}, j.down()
	}
	r, line, err := j.encode(kind, body)
	if err != nil {
		return Record{}, span{}, fault.Wrap("journal_failed", err)
	}
	if _, err = j.file.WriteAt(append(line, '\n'), j.end); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.failed = err
		return Record{}, span{}, j.down()
	}
	at := span{offset: j.end, length: len(line)}
	j.seq, j.head, j.end = r.Seq, r.Hash, j.end+int64(len(line))+1
	return r, at, nil
}

func (j *journal) encode(kind string, body any) (Record, []byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return Record{}, nil, err
	}
	r := Record{Seq: j.seq + 1, Prev: j.head, At: cert.FormatTime(j.now()), Kind: kind, Body: raw}
	line, err := json.Marshal(r)
	if err != nil {
		return Record{}, nil, err
	}
	// The empty hash is the last field: cut it off, hash the rest, put the hash in its place.
	line = line[:len(line)-len(hashMark)-len(`"}`)]
	r.Hash = cert.SM3(line).Hex()
	return r, append(line, hashMark+r.Hash+`"}`...), nil
}

// read fetches one record again and checks it once more.
func (j *journal) read(at span) (Record, error) {
	line := make([]byte, at.length)
	if _, err := j.file.ReadAt(line, at.offset); err != nil {
		return Record{}, fault.Wrap("journal_failed", err)
	}
	r, err := parseRecord(line)
	return r, fault.Wrap("journal_failed", err)
}

func (j *journal) down() error { return fault.Down("signer_stopped", time.Minute, j.failed) }

func (j *journal) close() error { return j.file.Close() }

func parseRecord(line []byte) (Record, error) {
	var r Record
	if len(line) < hashTail || !bytes.HasPrefix(line[len(line)-hashTail:], []byte(hashMark)) {
		return r, errors.New("no hash at the end")
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("bytes after the record")
	}
	if r.Hash != cert.SM3(line[:len(line)-hashTail]).Hex() {
		return r, errors.New("hash does not fit the bytes")
	}
	return r, nil
}
