package signer

import (
	"context"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// closedBody is a tombstone. Serials are those of an intent without an answer: nobody has seen a certificate with
// them, and they go on the revocation list should one turn up.
type closedBody struct {
	ID      string        `json:"id"`
	Serials []cert.Serial `json:"serials,omitempty"`
}

// Close ends a request: it answers with the result if there is one, and otherwise makes durable that there
// never will be. It needs no key. Fails with Invalid "request_malformed" on something that is no id.
func (e *Engine) Close(ctx context.Context, id string) (cert.Closing, error) {
	if !cert.IsID(id) {
		return cert.Closing{}, fault.New(fault.Invalid, "request_malformed", nil)
	}
	issued, rec, err := e.bury(ctx, id)
	if err != nil {
		return cert.Closing{}, err
	}
	if issued == nil {
		if err := e.journal.wait(rec.Seq); err != nil {
			return cert.Closing{}, err
		}
		return cert.Closing{JournalHead: headOf(rec)}, nil
	}
	answer, err := e.result(*issued)
	return cert.Closing{Issued: &answer, JournalHead: answer.JournalHead}, err
}

// bury finds a request's result, or writes its tombstone.
func (e *Engine) bury(ctx context.Context, id string) (*span, Record, error) {
	k, err := e.await(ctx, id)
	defer e.mu.Unlock()
	if err != nil {
		return nil, Record{}, err
	}
	body := closedBody{ID: id}
	switch {
	case k == nil:
	case k.state == stateIssued:
		at := k.at
		return &at, Record{}, nil
	case k.state == stateClosed:
		if err := e.journal.settle(); err != nil {
			return nil, Record{}, err
		}
		rec, err := e.journal.read(k.at)
		return nil, rec, err
	default:
		body.Serials = k.serials[:]
	}
	rec, at, err := e.journal.append(kindClosed, body)
	if err != nil {
		return nil, rec, err
	}
	e.index.closed(id, at, recordTime(rec))
	e.log.InfoContext(ctx, "request closed", "request_id", id, "had_intent", k != nil)
	return nil, rec, nil
}
