package signer

import (
	"bytes"
	"context"
	"crypto/subtle"
	"slices"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// unlockBody is the record that the key was opened.
type unlockBody struct {
	Officers []string `json:"officers,omitempty"` // whose shares opened it
	Key      KeyInfo  `json:"key"`
}

// shareBody is the record that a share came.
type shareBody struct {
	Login   string `json:"login"` // as the share says
	Index   int    `json:"index"`
	Refused string `json:"refused,omitempty"` // the fault's key
}

// GiveShare takes one officer's share. With the last one that is needed the key is opened; it stays open until the process
// ends: there is no idle lock, because orders come at night too. Every share that comes is journalled. Fails with
// Forbidden "share_wrong" (of another ceremony, or not as it was made), Conflict "share_given" or "signer_open".
func (e *Engine) GiveShare(ctx context.Context, s cert.Share) (cert.Status, error) {
	if err := e.unlock(ctx, s); err != nil {
		return cert.Status{}, err
	}
	return e.Status(ctx)
}

func (e *Engine) unlock(ctx context.Context, s cert.Share) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.takes(s); err != nil {
		key := fault.Of(err).Key
		e.log.WarnContext(ctx, "share refused", "login", s.Login, "key", key)
		if _, failed := e.journal.note(kindShare, shareBody{Login: s.Login, Index: s.Index, Refused: key}); failed != nil {
			return failed
		}
		return err
	}
	if _, err := e.journal.note(kindShare, shareBody{Login: s.Login, Index: s.Index}); err != nil {
		return err
	}
	s.Value = bytes.Clone(s.Value) // ours to wipe
	e.given[byte(s.Index)] = s     //nolint:gosec // takes has found it among at most 16
	e.log.InfoContext(ctx, "share given", "login", s.Login, "given", len(e.given), "needed", e.data.settings.Needed)
	if len(e.given) < e.data.settings.Needed {
		return nil
	}
	return e.openBy(ctx)
}

// takes reports whether a share is one of this ceremony's and still wanted.
func (e *Engine) takes(s cert.Share) error {
	if e.key != nil {
		return fault.New(fault.Conflict, "signer_open", nil)
	}
	if len(s.Login) > 64 { // it goes into the journal
		return fault.New(fault.Invalid, "share_malformed", nil)
	}
	ref, known := e.data.settings.share(s)
	if digest := shareDigest(s).Hex(); !known || subtle.ConstantTimeCompare([]byte(digest), []byte(ref.Digest)) != 1 {
		return fault.New(fault.Forbidden, "share_wrong", fault.Args{"login": s.Login})
	}
	if slices.Contains(e.givers(), s.Login) {
		return fault.New(fault.Conflict, "share_given", fault.Args{"login": s.Login})
	}
	return nil
}

// openBy opens the key with the shares that were given, and forgets them.
func (e *Engine) openBy(ctx context.Context) error {
	officers := e.givers()
	shares := map[byte][]byte{}
	for i, s := range e.given {
		shares[i] = s.Value
	}
	defer func() {
		for _, s := range shares {
			clear(s)
		}
		clear(e.given)
	}()
	kek, err := combine(shares)
	if err != nil {
		return fault.Wrap("shares_wrong", err)
	}
	defer clear(kek)
	key, err := openKey(e.data.keyFile, kek, fileCAKey)
	if err != nil {
		return err
	}
	if err := e.use(key, officers); err != nil {
		return err
	}
	e.log.InfoContext(ctx, "CA key opened", "officers", officers)
	return nil
}

// givers are the logins of those who gave a share, in the order of their shares.
func (e *Engine) givers() []string {
	var out []string
	for _, ref := range e.data.settings.Shares {
		if _, ok := e.given[byte(ref.Index)]; ok { //nolint:gosec // at most 16
			out = append(out, ref.Login)
		}
	}
	return out
}
