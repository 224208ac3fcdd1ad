package signer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// crlBody is the record of a revocation list; the list itself lies in a file beside the journal.
type crlBody struct {
	Number     uint64 `json:"number"`
	ThisUpdate string `json:"this_update"`
	NextUpdate string `json:"next_update"`
	Entries    int    `json:"entries"`
	Digest     string `json:"digest"` // SM3 (hex) of the DER
}

// revocationLists keeps the last list.
type revocationLists struct {
	mu      sync.Mutex // one list is made at a time
	path    string
	der     []byte        // the last list; nil before the first, and where its file was lost
	serials []cert.Serial // what stands on it
}

// newSuffix is of a list that is not journalled yet.
const newSuffix = ".new"

// load reads the last list back. A crash may have left it under its first name; a file that is not the one that was
// journalled is none, and the next number is asked for.
func (l *revocationLists) load(path string, last crlBody) error {
	l.path = path
	for _, name := range []string{path, path + newSuffix} {
		raw, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && cert.SM3(raw).Hex() != last.Digest {
			continue
		}
		if err != nil {
			return err
		}
		list, err := smx509.ParseRevocationList(raw)
		if err != nil {
			return err
		}
		l.der, l.serials = raw, serialsOn(list)
		if name != path {
			return os.Rename(name, path)
		}
		return nil
	}
	return nil
}

func serialsOn(list *smx509.RevocationList) []cert.Serial {
	out := make([]cert.Serial, 0, len(list.RevokedCertificateEntries))
	for _, e := range list.RevokedCertificateEntries {
		out = append(out, cert.SerialFromInt(e.SerialNumber))
	}
	return out
}

// CRL signs the revocation list with a number, which is the one after the last; the last one is answered again. What
// stands on it and until when it holds is the signer's alone to say, so that nobody need sign for it. Fails with
// Conflict "crl_number_wrong", naming the last number, Unavailable "signer_locked".
func (e *Engine) CRL(ctx context.Context, in cert.CRLOrder) (cert.CRL, error) {
	e.lists.mu.Lock()
	defer e.lists.mu.Unlock()
	e.mu.RLock()
	last, key := e.index.crl, e.key
	e.mu.RUnlock()
	if in.Number == last.Number && e.lists.der != nil {
		head, err := e.journal.head()
		return e.lists.answer(last, head), err
	}
	if in.Number != last.Number+1 {
		err := fault.New(fault.Conflict, "crl_number_wrong", fault.Args{"number": last.Number})
		return cert.CRL{}, e.refuse(ctx, "crl", fmt.Sprint(in.Number), cert.Digest{}, err)
	}
	if key == nil {
		return cert.CRL{}, locked()
	}
	return e.signList(ctx, in.Number, key, last)
}

func (e *Engine) signList(ctx context.Context, number uint64, key Key, last crlBody) (cert.CRL, error) {
	now := e.now().UTC().Truncate(time.Second)
	before, _ := time.Parse(time.RFC3339, last.ThisUpdate) // the zero time before the first list
	if now.Before(before) {
		return cert.CRL{}, fault.New(fault.Conflict, "clock_skew", nil)
	}
	entries, err := e.entries(before)
	if err != nil {
		return cert.CRL{}, err
	}
	next := now.Add(e.data.settings.crlLife())
	der, err := smx509.CreateRevocationList(rand.Reader, &smx509.RevocationList{
		SignatureAlgorithm: smx509.SM2WithSM3, Number: new(big.Int).SetUint64(number), ThisUpdate: now, NextUpdate: next,
		RevokedCertificateEntries: entries,
	}, e.data.ca, key)
	if err != nil {
		return cert.CRL{}, fault.Wrap("signing_failed", err)
	}
	body := crlBody{
		Number: number, ThisUpdate: cert.FormatTime(now), NextUpdate: cert.FormatTime(next), Entries: len(entries), Digest: cert.SM3(der).Hex(),
	}
	rec, err := e.keepList(body, der, entries)
	if err != nil {
		return cert.CRL{}, fault.Wrap("signing_failed", err)
	}
	e.log.InfoContext(ctx, "revocation list signed", "number", number, "entries", len(entries), "next_update", body.NextUpdate, "seq", rec.Seq)
	return e.lists.answer(body, headOf(rec)), nil
}

// keepList makes a list durable: the file first, then the record that makes it the last one.
func (e *Engine) keepList(body crlBody, der []byte, entries []smx509.RevocationListEntry) (Record, error) {
	l := &e.lists
	if err := os.Remove(l.path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Record{}, err
	}
	if err := writeSynced(l.path+newSuffix, der); err != nil {
		return Record{}, err
	}
	e.mu.Lock()
	rec, _, err := e.journal.append(kindCRL, body)
	if err == nil {
		e.index.crl = body
	}
	e.mu.Unlock()
	if err != nil {
		return rec, err
	}
	if err := e.journal.wait(rec.Seq); err != nil {
		return rec, err
	}
	l.der, l.serials = der, make([]cert.Serial, len(entries))
	for i, entry := range entries {
		l.serials[i] = cert.SerialFromInt(entry.SerialNumber)
	}
	if err := os.Rename(l.path+newSuffix, l.path); err != nil {
		return rec, err
	}
	return rec, syncDir(filepath.Dir(l.path))
}

func (l *revocationLists) answer(b crlBody, head cert.JournalHead) cert.CRL {
	return cert.CRL{Number: b.Number, DER: l.der, ThisUpdate: b.ThisUpdate, NextUpdate: b.NextUpdate, Entries: b.Entries, JournalHead: head}
}

// entries are all certificates that are worth nothing. One that has expired is left out when it has stood on a list
// that was made after its end (RFC 5280, 3.3). before is when the last list was made. Fails as Internal "crl_shrinks"
// where one that must stay is missing.
func (e *Engine) entries(before time.Time) ([]smx509.RevocationListEntry, error) {
	type listed struct {
		serial cert.Serial
		withdrawal
	}
	e.mu.RLock()
	all := make([]listed, 0, len(e.index.withdrawn))
	for serial, w := range e.index.withdrawn {
		if !w.notAfter.Before(before) || !w.at.Before(before) {
			all = append(all, listed{serial, w})
		}
	}
	var missing cert.Serial
	for _, serial := range e.lists.serials {
		if _, there := e.index.withdrawn[serial]; !there {
			missing = serial
		}
	}
	e.mu.RUnlock()
	if missing != "" {
		return nil, fault.Wrap("crl_shrinks", fmt.Errorf("serial %s was on the list before", missing))
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(string(a.serial), string(b.serial)) })
	out := make([]smx509.RevocationListEntry, len(all))
	for i, w := range all {
		out[i] = smx509.RevocationListEntry{SerialNumber: w.serial.Int(), RevocationTime: w.at, ReasonCode: w.reason}
	}
	return out, nil
}
