package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Kinds of journal records.
const (
	kindInit       = "init"       // what was fixed when the data directory was made
	kindStart      = "start"      // one start of the signer, locked unless its key lies in a device
	kindShare      = "share"      // an officer gave a share, or a share was refused
	kindUnlock     = "unlock"     // the key was opened
	kindIntent     = "intent"     // a request passed every check; the key will be used for it
	kindIssued     = "issued"     // its result, on disk before it is answered
	kindRefused    = "refused"    // a well-formed request that was not executed, with the reason
	kindClosed     = "closed"     // a request id that is refused for ever
	kindRegistry   = "registry"   // the list of staff keys changed
	kindDelegation = "delegation" // a delegation ended before its time
	kindRevoked    = "revoked"    // certificates were revoked
	kindCRL        = "crl"        // a revocation list was signed
	kindProfile    = "profile"    // a profile was added or revised
)

// Kinds are all kinds of journal records.
func Kinds() []string {
	return []string{
		kindInit, kindStart, kindShare, kindUnlock, kindIntent, kindIssued, kindRefused, kindClosed, kindRegistry, kindDelegation,
		kindRevoked, kindCRL, kindProfile,
	}
}

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

// maxRead bounds what is read of the journal for one answer, in bytes.
const maxRead = 8 << 20

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

// journal appends records in order and makes them durable in groups: whoever waits first writes and syncs all that was
// appended until then, and what is appended meanwhile shares the next fsync. It is safe for concurrent use.
type journal struct {
	file *os.File
	now  func() time.Time

	mu      sync.Mutex
	written sync.Cond        // a group was written, or the journal failed
	writing bool             // somebody writes a group
	pending []byte           // appended, not yet in the file
	spare   []byte           // the buffer of the group before
	last    cert.JournalHead // of what was appended
	durable cert.JournalHead // of what is on the disk
	end     int64            // where the next record will lie
	offsets []int64          // where each record begins, by its number from 1: 8 bytes a record
	syncs   uint64           // fsyncs since the start
	fsync   func() error     // file.Sync, but for tests
	// failed is set by the first write or fsync that did not succeed. What the disk then holds is unknown until the
	// file is read again, so nothing more is written by this process.
	failed error
}

func newJournal(f *os.File, now func() time.Time) *journal {
	j := &journal{file: f, now: now, last: cert.JournalHead{Head: zeroHash}, fsync: f.Sync}
	j.durable = j.last
	j.written.L = &j.mu
	return j
}

// createJournal makes the file of a new data directory.
func createJournal(path string, now func() time.Time) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return newJournal(f, now), nil
}

// openJournal locks the file, reads and checks it whole, hands each record to each, and cuts a torn tail: the bytes
// after the last line feed, which a crash left before they were durable and so before anything rested on them.
// It returns the number of bytes it cut. A broken chain is an error: the signer must not start on it.
func openJournal(path string, now func() time.Time, each func(Record, span) error) (*journal, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	j := newJournal(f, now)
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
		j.last = cert.JournalHead{Seq: r.Seq, Head: r.Hash}
		j.offsets = append(j.offsets, j.end)
		j.durable, j.end = j.last, j.end+int64(raw)+1
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

// append puts a record behind all others. It is durable, and may be rested on, when wait has returned for it.
func (j *journal) append(kind string, body any) (Record, span, error) {
	raw, err := plainJSON(body)
	if err != nil {
		return Record{}, span{}, fault.Wrap("journal_failed", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return Record{}, span{}, j.down()
	}
	r, line, err := j.encode(kind, raw)
	if err != nil {
		return Record{}, span{}, fault.Wrap("journal_failed", err)
	}
	j.pending = append(append(j.pending, line...), '\n')
	at := span{offset: j.end, length: len(line)}
	j.offsets = append(j.offsets, j.end)
	j.last, j.end = cert.JournalHead{Seq: r.Seq, Head: r.Hash}, j.end+int64(len(line))+1
	return r, at, nil
}

// wait returns when the record with a number is on the disk, and so is all before it.
func (j *journal) wait(seq uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.failed == nil && j.durable.Seq < seq {
		if j.writing {
			j.written.Wait()
			continue
		}
		j.writeGroup()
	}
	if j.failed != nil {
		return j.down()
	}
	return nil
}

// writeGroup writes and syncs what is pending. It is called with the lock held and gives it up meanwhile.
func (j *journal) writeGroup() {
	group, head, at := j.pending, j.last, j.end-int64(len(j.pending))
	j.pending, j.spare, j.writing = j.spare[:0], nil, true
	j.mu.Unlock()
	_, err := j.file.WriteAt(group, at)
	if err == nil {
		err = j.fsync()
	}
	j.mu.Lock()
	j.writing, j.spare = false, group
	j.syncs++
	if err != nil {
		j.failed = err
	} else {
		j.durable = head
	}
	j.written.Broadcast()
}

// note appends a record and returns after it is on the disk.
func (j *journal) note(kind string, body any) (Record, error) {
	r, _, err := j.append(kind, body)
	if err != nil {
		return r, err
	}
	return r, j.wait(r.Seq)
}

// head names the last record on the disk. Fails with Unavailable "signer_stopped" after the journal could not be written.
func (j *journal) head() (cert.JournalHead, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return cert.JournalHead{}, j.down()
	}
	return j.durable, nil
}

// settle waits for all that was appended up to now.
func (j *journal) settle() error {
	j.mu.Lock()
	seq := j.last.Seq
	j.mu.Unlock()
	return j.wait(seq)
}

func (j *journal) encode(kind string, body json.RawMessage) (Record, []byte, error) {
	r := Record{Seq: j.last.Seq + 1, Prev: j.last.Head, At: cert.FormatTime(j.now()), Kind: kind, Body: body}
	line, err := plainJSON(r)
	if err != nil {
		return Record{}, nil, err
	}
	// The empty hash is the last field: cut it off, hash the rest, put the hash in its place.
	line = line[:len(line)-len(hashMark)-len(`"}`)]
	r.Hash = cert.SM3(line).Hex()
	return r, append(line, hashMark+r.Hash+`"}`...), nil
}

// plainJSON is json.Marshal that leaves <, > and & as they are: canonical objects lie in the journal as they were signed.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
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

// readFrom fetches the records from a number on that are on the disk and checks them once more: up to limit of them, and
// no more than maxRead bytes but for the first. The head is that of the disk.
func (j *journal) readFrom(seq uint64, limit int) ([]Record, cert.JournalHead, error) {
	j.mu.Lock()
	head, from := j.durable, min(seq, j.durable.Seq+1)
	to := min(from+uint64(limit), head.Seq+1) //nolint:gosec // limit is checked by the caller
	begins, end := slices.Clone(j.offsets[from-1:to-1]), j.end
	if to <= uint64(len(j.offsets)) {
		end = j.offsets[to-1] // where the next one begins
	}
	failed := j.failed
	j.mu.Unlock()
	if failed != nil {
		return nil, head, fault.Down("signer_stopped", time.Minute, failed)
	}
	begins = append(begins, end)
	var out []Record
	for i, begin := range begins[:len(begins)-1] {
		if i > 0 && begins[i+1]-begins[0] > maxRead {
			break
		}
		r, err := j.read(span{offset: begin, length: int(begins[i+1] - begin - 1)})
		if err != nil {
			return nil, head, err
		}
		out = append(out, r)
	}
	return out, head, nil
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
