package signer

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

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
	Collect       *cert.Collect   `json:"collect,omitempty"`
	CSR           []byte          `json:"csr,omitempty"`
	KMC           json.RawMessage `json:"kmc,omitempty"`
}

// job is an instruction that was read.
type job struct {
	cert.Instruction
	request       cert.Request
	authorisation cert.Authorisation
	digest        cert.Digest // of the request
	material      cert.Material
	spec          cert.Spec
}

// Issue executes a request, or answers as before if it already has. The request is refused with a fault that says
// why: see Plan and Prepare in package cert, Trust.Pair, job.passes; a request id that was closed with Conflict
// "request_closed", one that came with other content with Conflict "request_id_reused". Fails with Unavailable
// "signer_locked" before the officers have come; what was issued before is answered all the same.
func (e *Engine) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	j := job{Instruction: in}
	var err error
	if j.request, err = cert.ParseRequest(in.Request); err != nil {
		return cert.Issued{}, err
	}
	if j.authorisation, err = cert.ParseAuthorisation(in.Authorisation); err != nil {
		return cert.Issued{}, err
	}
	j.digest = j.request.Digest()
	issued, err := e.issue(ctx, j)
	if err != nil {
		return cert.Issued{}, e.refuse(ctx, "issue", j.request.ID, j.digest, err)
	}
	return issued, nil
}

func (e *Engine) issue(ctx context.Context, j job) (cert.Issued, error) {
	for {
		k, answer, err := e.claim(ctx, j)
		if err != nil || answer != nil {
			return e.answered(answer, err)
		}
		prepared, seen, err := e.prepare(&j)
		if err != nil {
			return cert.Issued{}, e.release(k, err)
		}
		if k != nil {
			// Only its signing is left. But a journal's hashes need no secret, so that an intent in it does not prove that
			// anybody agreed: it is asked again, of those who were believed when it was written.
			if err := j.agreed(k.trust, k.when); err != nil {
				return cert.Issued{}, e.release(k, err)
			}
		} else {
			if err := j.passes(seen.trust, e.now()); err != nil {
				return cert.Issued{}, err
			}
			if k, err = e.intend(j, seen); err != nil {
				return cert.Issued{}, e.release(k, err)
			}
			if k == nil {
				continue // what it rests on changed meanwhile
			}
		}
		issued, err := e.sign(ctx, j, prepared)
		return issued, e.release(k, err)
	}
}

// answered reads the result that a claim found.
func (e *Engine) answered(at *span, err error) (cert.Issued, error) {
	if err != nil {
		return cert.Issued{}, err
	}
	return e.result(*at)
}

// claim says what there is of a request: its result; an intent that a crash left, now the caller's to end; or nothing.
// It waits for another call that works on the same request.
func (e *Engine) claim(ctx context.Context, j job) (*known, *span, error) {
	k, err := e.await(ctx, j.request.ID)
	defer e.mu.Unlock()
	switch {
	case err != nil:
		return nil, nil, err
	case k == nil:
	case k.state == stateClosed:
		return nil, nil, fault.New(fault.Conflict, "request_closed", nil)
	case k.digest != j.digest:
		return nil, nil, fault.New(fault.Conflict, "request_id_reused", nil)
	case k.state == stateIssued:
		at := k.at
		return nil, &at, nil
	}
	if e.key == nil {
		return nil, nil, locked()
	}
	if k != nil {
		k.busy = make(chan struct{})
	}
	return k, nil, nil
}

// await finds a request that nobody works on, and returns with the lock held, whatever it returns.
func (e *Engine) await(ctx context.Context, id string) (*known, error) {
	e.mu.Lock()
	for {
		k := e.index.requests[id]
		if _, err := e.journal.head(); err != nil {
			return nil, err
		}
		if k == nil || k.busy == nil {
			return k, nil
		}
		busy := k.busy
		e.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
		}
		e.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, fault.Down("signer_stopped", 0, err)
		}
	}
}

// release ends the work on a request, and passes an error on.
func (e *Engine) release(k *known, err error) error {
	if k == nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	close(k.busy)
	k.busy = nil
	return err
}

// view is what a request is checked by: the state at one time.
type view struct {
	trust   *cert.Trust
	changes int
	profile cert.Profile
}

// prepare works out the new pair and lints it, without the CA key.
func (e *Engine) prepare(j *job) (cert.Prepared, view, error) {
	e.mu.RLock()
	seen := view{trust: e.index.trust, changes: e.index.changes, profile: e.index.profiles[j.authorisation.Profile.ID]}
	e.mu.RUnlock()
	if err := e.read(j); err != nil {
		return cert.Prepared{}, seen, err
	}
	var err error
	j.spec, err = cert.Plan(j.authorisation, j.request, j.material, seen.profile, e.data.ca.NotAfter)
	if err != nil {
		return cert.Prepared{}, seen, err
	}
	if j.material.KMC != nil {
		if err := j.material.KMC.Verify(e.data.centres, j.spec.SignKey); err != nil {
			return cert.Prepared{}, seen, err
		}
	}
	prepared, err := cert.Prepare(e.data.ca, j.spec)
	return prepared, seen, err
}

// read takes in what the instruction comes with.
func (e *Engine) read(j *job) error {
	j.material = cert.Material{CSR: j.CSR}
	if len(j.Old.Sign) > 0 || len(j.Old.Enc) > 0 {
		old, err := cert.ParseOld(j.Old)
		if err != nil {
			return err
		}
		if err := e.data.trusted(old); err != nil {
			return err
		}
		j.material.Old = &old
	}
	if len(j.CSR) > 0 {
		// A proof is over the very bytes, so that no other form of the same CSR will do.
		csr, err := cert.ParseCSR(j.CSR)
		if err != nil {
			return err
		}
		if !bytes.Equal(csr.DER, j.CSR) {
			return fault.New(fault.Invalid, "csr_malformed", nil)
		}
	}
	if len(j.KMC) > 0 {
		evidence, err := cert.ParseEvidence(j.KMC)
		if err != nil {
			return err
		}
		j.material.KMC = &evidence
	}
	return nil
}

// intend makes the intent durable, unless something it rests on has changed since it was checked: then it answers nil.
func (e *Engine) intend(j job, seen view) (*known, error) {
	k, rec, err := e.decide(j, seen)
	if err != nil || k == nil {
		return nil, err
	}
	return k, e.journal.wait(rec.Seq)
}

func (e *Engine) decide(j job, seen view) (*known, Record, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.index.requests[j.request.ID] != nil || e.index.changes != seen.changes {
		return nil, Record{}, nil
	}
	if err := e.index.allows(j, e.data.ca.RawSubject, e.now()); err != nil {
		return nil, Record{}, err
	}
	rec, at, err := e.journal.append(kindIntent, intentBody{
		ID: j.request.ID, Digest: j.digest.Hex(), Request: j.Request, Authorisation: j.Authorisation, Approvals: j.Approvals,
		Holder: j.Holder, Collect: j.Collect, CSR: j.CSR, KMC: j.KMC,
	})
	if err != nil {
		return nil, rec, err
	}
	k := e.index.intent(j.request, j.authorisation, j.digest, at, recordTime(rec))
	k.busy = make(chan struct{})
	return k, rec, nil
}

// sign uses the CA key and makes the result durable before anyone sees it.
func (e *Engine) sign(ctx context.Context, j job, p cert.Prepared) (cert.Issued, error) {
	e.mu.RLock()
	key := e.key
	e.mu.RUnlock()
	pair, err := p.Sign(nil, cert.Issuer{Cert: e.data.ca, Key: key})
	if err != nil {
		return cert.Issued{}, err
	}
	body := issuedBody{ID: j.request.ID, Digest: j.digest.Hex(), Pair: pair}
	e.mu.Lock()
	rec, at, err := e.journal.append(kindIssued, body)
	if err == nil {
		e.index.answered(j.request.ID, at)
	}
	e.mu.Unlock()
	if err != nil {
		return cert.Issued{}, err
	}
	if err := e.journal.wait(rec.Seq); err != nil {
		return cert.Issued{}, err
	}
	e.log.InfoContext(ctx, "pair issued", "request_id", j.request.ID, "sign_serial", j.request.SignSerial, "enc_serial", j.request.EncSerial, "seq", rec.Seq)
	return issuedFrom(body, rec), nil
}

// result reads the answer to a request from the journal.
func (e *Engine) result(at span) (cert.Issued, error) {
	rec, err := e.journal.read(at)
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
	return cert.Issued{RequestID: b.ID, Digest: b.Digest, Pair: b.Pair, JournalHead: headOf(r)}
}

func headOf(r Record) cert.JournalHead { return cert.JournalHead{Seq: r.Seq, Head: r.Hash} }

// recordTime is the time of a record that this process wrote.
func recordTime(r Record) time.Time {
	t, err := time.Parse(time.RFC3339, r.At)
	if err != nil {
		panic("signer: a record of our own has no time")
	}
	return t
}
