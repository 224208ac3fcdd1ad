package signer

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Options open a data directory.
type Options struct {
	Dir    string
	Key    Key // the CA key where it lies in a device; nil: the signer starts locked and waits for its officers
	Now    func() time.Time
	Logger *slog.Logger
}

// Engine executes requests. It is safe for concurrent use: what costs time (checking signatures, building, linting and
// signing certificates, waiting for the disk) is done side by side, what decides is done one after the other.
type Engine struct {
	journal *journal
	data    data
	dir     string
	now     func() time.Time
	log     *slog.Logger

	mu    sync.RWMutex // guards what follows, and keeps index and journal in the same order
	index index
	key   Key                 // nil while locked
	given map[byte]cert.Share // by index; none once the key is open
	by    []string            // logins of the officers who opened the key
	lists revocationLists     // has a lock of its own
}

// Open reads the journal whole, checks it and everything init fixed, and records the start.
// Fails with Conflict "journal_broken", "signer_data_changed", "signer_running" (another process has the directory)
// or "key_mismatch", or as Internal "signer_data_unusable".
func Open(opt Options) (*Engine, error) {
	e := &Engine{dir: opt.Dir, now: opt.Now, log: opt.Logger, given: map[byte]cert.Share{}}
	j, torn, err := openJournal(filepath.Join(opt.Dir, fileJournal), opt.Now, func(r Record, at span) error {
		if r.Seq > 1 {
			return e.index.replay(r, at)
		}
		var err error
		e.data, err = loadData(opt.Dir, r)
		e.index = newIndex(e.data)
		return err
	})
	if err != nil {
		return nil, fault.Wrap("signer_data_unusable", err)
	}
	e.journal = j
	if torn > 0 {
		e.log.Warn("journal had a torn tail, cut off", "bytes", torn, "seq", j.last.Seq)
	}
	if err := e.start(opt.Key); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return e, nil
}

// startBody is the record of a start.
type startBody struct {
	PID    int  `json:"pid"`
	Torn   bool `json:"torn"`
	Locked bool `json:"locked"`
}

func (e *Engine) start(key Key) error {
	if e.data.ca == nil {
		return fault.Wrap("signer_data_unusable", errors.New("journal is empty"))
	}
	if err := e.lists.load(filepath.Join(e.dir, fileCRL), e.index.crl); err != nil {
		return fault.Wrap("signer_data_unusable", err)
	}
	if _, err := e.journal.note(kindStart, startBody{PID: os.Getpid(), Locked: key == nil}); err != nil {
		return err
	}
	if key == nil {
		return nil
	}
	return e.use(key, nil)
}

// use opens the signer with a key that is this CA's.
func (e *Engine) use(key Key, officers []string) error {
	if pub, ok := e.data.ca.PublicKey.(*ecdsa.PublicKey); !ok || !pub.Equal(key.Public()) {
		return fault.New(fault.Conflict, "key_mismatch", nil)
	}
	if _, err := e.journal.note(kindUnlock, unlockBody{Officers: officers, Key: key.KeyInfo()}); err != nil {
		return err
	}
	e.key, e.by = key, officers
	return nil
}

// Shutdown ends the use of the data directory.
func (e *Engine) Shutdown() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return errors.Join(e.journal.settle(), e.journal.close())
}

// Chain tells by what this signer works.
func (e *Engine) Chain(context.Context) (cert.Chain, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := cert.Chain{
		CA: e.data.ca.Raw, Root: e.data.root.Raw, Profile: e.index.profiles[e.data.profile.ID].Canonical(), Profiles: e.index.allProfiles(),
		SoftwareKeys: e.data.settings.SoftwareKeys, SM2Only: e.data.settings.SM2Only, Party: e.data.settings.Party,
	}
	return out, nil
}

// Status tells how it is. Fails with Unavailable "signer_stopped" after the journal could not be written.
func (e *Engine) Status(context.Context) (cert.Status, error) {
	head, err := e.journal.head()
	if err != nil {
		return cert.Status{}, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := cert.Status{
		JournalHead: head, Locked: e.key == nil, Given: e.givers(), Needed: e.data.settings.Needed, Shares: len(e.data.settings.Shares),
		Issued: e.index.issued, Revoked: len(e.index.withdrawn),
		SoftwareKeys: e.data.settings.SoftwareKeys, SM2Only: e.data.settings.SM2Only, StaffKeys: len(e.index.trust.Registry().Keys),
		CRLNumber: e.index.crl.Number, NextUpdate: e.index.crl.NextUpdate,
	}
	if e.key != nil {
		s.Key, s.Given = e.key.KeyInfo().Storage, e.by
	}
	return s, nil
}

// locked is the answer of everything that needs the key before its officers have come.
func locked() error { return fault.Down("signer_locked", time.Minute, nil) }

// refusedBody is the record of a refusal.
type refusedBody struct {
	What   string `json:"what"`   // issue, revoke, registry, profile or crl
	ID     string `json:"id"`     // of the request or the order
	Digest string `json:"digest"` // of what was asked
	Key    string `json:"key"`    // why
}

// refuse leaves a trace of a refusal and returns it. What is down or broken is no refusal and leaves none.
func (e *Engine) refuse(ctx context.Context, what, id string, digest cert.Digest, why error) error {
	if fault.Is(why, fault.Unavailable) || fault.Is(why, fault.Internal) {
		return why
	}
	key := fault.Of(why).Key
	e.log.WarnContext(ctx, "refused", "what", what, "id", id, "key", key, "error", why)
	if _, err := e.journal.note(kindRefused, refusedBody{What: what, ID: id, Digest: digest.Hex(), Key: key}); err != nil {
		return err
	}
	return why
}
