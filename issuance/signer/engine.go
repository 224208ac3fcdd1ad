package signer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
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
	Key    crypto.Signer // the CA key, by LoadKey or from a device
	Now    func() time.Time
	Logger *slog.Logger
}

// Engine executes requests. It is safe for concurrent use; requests are executed one after the other, which at about
// a millisecond each is far above what a CA issues.
type Engine struct {
	mu      sync.Mutex
	journal *journal
	data    data
	key     crypto.Signer
	now     func() time.Time
	log     *slog.Logger
	index   index
}

// Open reads the journal whole, checks it and everything init fixed, and records that the key was opened.
// Fails with Conflict "journal_broken", "signer_data_changed", "signer_running" (another process has the directory)
// or "key_mismatch", or as Internal "signer_data_unusable".
func Open(opt Options) (*Engine, error) {
	e := &Engine{key: opt.Key, now: opt.Now, log: opt.Logger, index: newIndex()}
	var first Record
	j, torn, err := openJournal(filepath.Join(opt.Dir, fileJournal), opt.Now, func(r Record, at span) error {
		if r.Seq == 1 {
			first = r
		}
		return e.index.replay(r, at)
	})
	if err != nil {
		return nil, fault.Wrap("signer_data_unusable", err)
	}
	e.journal = j
	if torn > 0 {
		e.log.Warn("journal had a torn tail, cut off", "bytes", torn, "seq", j.seq)
	}
	if err := e.start(opt.Dir, first); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return e, nil
}

func (e *Engine) start(dir string, first Record) error {
	if first.Seq != 1 {
		return fault.Wrap("signer_data_unusable", errors.New("journal is empty"))
	}
	var err error
	if e.data, err = loadData(dir, first); err != nil {
		return err
	}
	if pub, ok := e.data.ca.PublicKey.(*ecdsa.PublicKey); !ok || !pub.Equal(e.key.Public()) {
		return fault.New(fault.Conflict, "key_mismatch", nil)
	}
	_, _, err = e.journal.append(kindUnlock, struct {
		PID int `json:"pid"`
	}{os.Getpid()})
	return err
}

// Shutdown ends the use of the data directory.
func (e *Engine) Shutdown() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.journal.close()
}

// Chain tells by what this signer works.
func (e *Engine) Chain(context.Context) (cert.Chain, error) {
	return cert.Chain{
		CA: e.data.ca.Raw, Root: e.data.root.Raw,
		Profile: e.data.profile.Canonical(), SoftwareKeys: e.data.softwareKeys,
	}, nil
}

// Status tells how it is. Fails with Unavailable "signer_stopped" after the journal could not be written.
func (e *Engine) Status(context.Context) (cert.Status, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal.failed != nil {
		return cert.Status{}, e.journal.down()
	}
	return cert.Status{
		JournalHead: cert.JournalHead{Seq: e.journal.seq, Head: e.journal.head}, Issued: e.index.issued,
		SoftwareKeys: e.data.softwareKeys, StaffKeys: len(e.data.staff),
	}, nil
}

// issuedBody is the record of a result; cert.Issued is made from it.
type issuedBody struct {
	ID     string    `json:"id"`
	Digest string    `json:"digest"`
	Pair   cert.Pair `json:"pair"`
}

// intentBody is the record that a request is about to be executed, with all that made it so.
type intentBody struct {
	ID            string          `json:"id"`
	Digest        string          `json:"digest"`
	Request       json.RawMessage `json:"request"`
	Authorisation json.RawMessage `json:"authorisation"`
	Approvals     []cert.Approval `json:"approvals,omitempty"`
	Holder        []byte          `json:"holder,omitempty"`
}

// refusedBody is the record of a refusal.
type refusedBody struct {
	ID     string `json:"id"`
	Digest string `json:"digest"`
	Key    string `json:"key"`
}

// closedBody is a tombstone. Serials are those of an intent without an answer: nobody has seen a certificate with
// them, and if one turns up it is to be revoked.
type closedBody struct {
	ID      string        `json:"id"`
	Serials []cert.Serial `json:"serials,omitempty"`
}

// Issue executes a request, or answers as before if it already has. The request is refused with a fault that says
// why: see Plan in package cert, staff.check and Engine.policy; a request id that was closed with Conflict
// "request_closed", one that came with other content with Conflict "request_id_reused".
func (e *Engine) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	r, err := cert.ParseRequest(in.Request)
	if err != nil {
		return cert.Issued{}, err
	}
	a, err := cert.ParseAuthorisation(in.Authorisation)
	if err != nil {
		return cert.Issued{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal.failed != nil {
		return cert.Issued{}, e.journal.down()
	}
	issued, err := e.issue(ctx, in, r, a)
	if err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Internal) {
		return cert.Issued{}, e.refuse(ctx, r, err)
	}
	return issued, err
}

func (e *Engine) issue(ctx context.Context, in cert.Instruction, r cert.Request, a cert.Authorisation) (cert.Issued, error) {
	known, seen := e.index.requests[r.ID]
	switch {
	case seen && known.state == stateClosed:
		return cert.Issued{}, fault.New(fault.Conflict, "request_closed", nil)
	case seen && known.digest != r.Digest():
		return cert.Issued{}, fault.New(fault.Conflict, "request_id_reused", nil)
	case seen && known.state == stateIssued:
		return e.result(known)
	}
	old, err := cert.ParseOld(in.Old)
	if err != nil {
		return cert.Issued{}, err
	}
	if err := e.data.trusted(old); err != nil {
		return cert.Issued{}, err
	}
	spec, err := cert.Plan(a, r, cert.Material{Old: &old}, e.data.profile, e.data.ca.NotAfter)
	if err != nil {
		return cert.Issued{}, err
	}
	prepared, err := cert.Prepare(e.data.ca, spec)
	if err != nil {
		return cert.Issued{}, err
	}
	if !seen { // an intent passed the policy when it was written; after a crash only its signing is left
		if err := e.intend(in, r, a, old); err != nil {
			return cert.Issued{}, err
		}
	}
	return e.sign(ctx, r, prepared)
}

// intend applies the policy and makes the intent durable.
func (e *Engine) intend(in cert.Instruction, r cert.Request, a cert.Authorisation, old cert.Old) error {
	if err := e.policy(in, r, a, old); err != nil {
		return err
	}
	_, at, err := e.journal.append(kindIntent, intentBody{
		ID: r.ID, Digest: r.Digest().Hex(), Request: in.Request, Authorisation: in.Authorisation, Approvals: in.Approvals,
		Holder: in.Holder,
	})
	if err == nil {
		e.index.intent(r, a, at)
	}
	return err
}

// sign uses the CA key and makes the result durable before anyone sees it.
func (e *Engine) sign(ctx context.Context, r cert.Request, p cert.Prepared) (cert.Issued, error) {
	pair, err := p.Sign(nil, cert.Issuer{Cert: e.data.ca, Key: e.key})
	if err != nil {
		return cert.Issued{}, err
	}
	body := issuedBody{ID: r.ID, Digest: r.Digest().Hex(), Pair: pair}
	rec, at, err := e.journal.append(kindIssued, body)
	if err != nil {
		return cert.Issued{}, err
	}
	e.index.answered(r.ID, at)
	e.log.InfoContext(ctx, "pair issued", "request_id", r.ID, "sign_serial", r.SignSerial, "enc_serial", r.EncSerial, "seq", rec.Seq)
	return issuedFrom(body, rec), nil
}

// policy is what depends on the clock, on people and on what was signed before.
func (e *Engine) policy(in cert.Instruction, r cert.Request, a cert.Authorisation, old cert.Old) error {
	now := e.now()
	if from, _ := r.Validity(); from.Before(now.Add(-skew)) || from.After(now.Add(skew)) {
		return fault.New(fault.Conflict, "clock_skew", nil)
	}
	if now.After(a.ExpiresAt()) {
		return fault.New(fault.Conflict, "authorisation_expired", nil)
	}
	if err := e.authorised(in, r, a, old, now); err != nil {
		return err
	}
	if e.index.authorisations[a.Digest()] != "" {
		return fault.New(fault.Conflict, "authorisation_used", nil)
	}
	for _, s := range []string{r.SignSerial, r.EncSerial} {
		if e.index.serials[cert.Serial(s)] {
			return fault.New(fault.Conflict, "serial_reused", nil)
		}
	}
	return nil
}

// authorised demands the approvals of two members of staff or, in their place, the signature of the old pair's holder.
func (e *Engine) authorised(in cert.Instruction, r cert.Request, a cert.Authorisation, old cert.Old, now time.Time) error {
	switch {
	case len(in.Holder) == 0 && r.Proof == "":
		return e.data.staff.check(in.Approvals, a.Digest(), a.ExpiresAt(), now)
	case len(in.Approvals) > 0:
		return fault.New(fault.Forbidden, "approval_surplus", nil)
	}
	if err := cert.VerifyHolder(a, r, old, nil, in.Holder, now); err != nil {
		return err
	}
	switch {
	case e.index.withdrawn[cert.SerialFromInt(old.Sign.SerialNumber)]:
		return fault.New(fault.Forbidden, "holder_certificate_revoked", nil)
	case e.index.renewed[a.Old.Sign] != "":
		// Staff may have a pair renewed again, for a reason of theirs; a Ukey says yes once.
		return fault.New(fault.Conflict, "old_pair_renewed", nil)
	}
	return nil
}

// refuse leaves a trace of a refusal and returns it.
func (e *Engine) refuse(ctx context.Context, r cert.Request, why error) error {
	key := fault.Of(why).Key
	e.log.WarnContext(ctx, "request refused", "request_id", r.ID, "key", key, "error", why)
	if _, _, err := e.journal.append(kindRefused, refusedBody{ID: r.ID, Digest: r.Digest().Hex(), Key: key}); err != nil {
		return err
	}
	return why
}

// Close ends a request: it answers with the result if there is one, and otherwise makes durable that there
// never will be. Fails with Invalid "request_malformed" on something that is no id.
func (e *Engine) Close(ctx context.Context, id string) (cert.Closing, error) {
	if !cert.IsID(id) {
		return cert.Closing{}, fault.New(fault.Invalid, "request_malformed", nil)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal.failed != nil {
		return cert.Closing{}, e.journal.down()
	}
	known, seen := e.index.requests[id]
	if seen && known.state == stateIssued {
		issued, err := e.result(known)
		return cert.Closing{Issued: &issued}, err
	}
	if seen && known.state == stateClosed {
		return cert.Closing{}, nil
	}
	body := closedBody{ID: id}
	if seen {
		body.Serials = known.serials[:]
	}
	_, at, err := e.journal.append(kindClosed, body)
	if err != nil {
		return cert.Closing{}, err
	}
	e.index.closed(id, at)
	e.log.InfoContext(ctx, "request closed", "request_id", id, "had_intent", seen)
	return cert.Closing{}, nil
}

// result reads the answer to a request from the journal.
func (e *Engine) result(k *known) (cert.Issued, error) {
	rec, err := e.journal.read(k.at)
	if err != nil {
		return cert.Issued{}, err
	}
	var body issuedBody
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return cert.Issued{}, fault.Wrap("journal_failed", err)
	}
	return issuedFrom(body, rec), nil
}

func issuedFrom(b issuedBody, r Record) cert.Issued {
	return cert.Issued{RequestID: b.ID, Digest: b.Digest, Pair: b.Pair, JournalHead: cert.JournalHead{Seq: r.Seq, Head: r.Hash}}
}
